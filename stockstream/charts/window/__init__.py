"""Windows and picture files of a scene, with keys, mouse and preferences; begin with `window`."""
