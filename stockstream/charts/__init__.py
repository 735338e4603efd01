"""The drawing of frames and marks: the only place that knows matplotlib and seaborn.

The rooms build on each other: text, marks, panels, overlays, scene, window, dashboard, report.
Begin with `scene.scene`.
"""
