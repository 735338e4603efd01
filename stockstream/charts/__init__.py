"""Drawing of frames and marks: the only package that imports matplotlib and seaborn.

Its packages build on each other: text, marks, panels, overlays, scene, window, dashboard, report.
Begin with `scene`.
"""
