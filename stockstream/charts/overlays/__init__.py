"""What lies over the picture and comes and goes without a redraw: crosshair, measure tool, level lines.

Begin with `overlay`."""
