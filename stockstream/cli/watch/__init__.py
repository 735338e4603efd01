"""``stockstream watch``: a command for each view, its options, and several windows; begin with `watch`."""
