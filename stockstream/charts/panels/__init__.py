"""Panels of a scene: axes, marks, limits, grid and tick labels; begin with `panel`."""
