"""Evaluation of rules over series of bars, a bar at a time; a corrected bar is evaluated again.

Begin with `program`.
"""
