"""``stockstream watch``: a command a view, their options, and several windows side by side; begin with `watch`."""
