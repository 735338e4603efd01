"""``stockstream produce``: one command a source, and what all of them share; begin with `sending`."""
