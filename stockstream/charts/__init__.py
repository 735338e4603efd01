"""Drawing of frames and marks: the only package that imports matplotlib and seaborn.

The rooms build on each other: text, marks, panels, overlays, scene, window, dashboard, report.
Begin with `scene.scene`.
"""
