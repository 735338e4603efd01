"""All symbols at a glance: tiles on a figure, in a window or a picture; begin with `dashboard`."""
