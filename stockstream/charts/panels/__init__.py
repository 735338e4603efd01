"""One panel of a scene: its axes, marks and limits, the grid and tick labels; begin with `panel`."""
