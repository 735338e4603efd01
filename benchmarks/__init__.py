"""How fast, side by side with a named peer on the same machine in the same run: `make bench`."""
