"""``stockstream produce``: one command for each source, and their shared part; begin with `sending`."""
