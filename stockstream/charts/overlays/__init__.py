"""Overlays: drawn over the picture without a redraw of it: crosshair, measure tool, level lines.

Begin with `overlay`."""
