"""Dashboard of all symbols: tiles on a figure, in a window or a picture; begin with `dashboard`."""
