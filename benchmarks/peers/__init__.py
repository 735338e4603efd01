"""Peers that need an environment of their own: their locks, and scripts that run in it and import nothing of ours."""
