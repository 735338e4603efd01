"""A scene in a toolkit's window, with keys, mouse and a memory, or in a picture file; begin with `window`."""
