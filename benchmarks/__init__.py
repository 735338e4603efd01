"""Benchmarks: speed relative to a named peer on the same machine in the same run: `make bench`."""
