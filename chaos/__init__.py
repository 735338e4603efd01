"""Chaos tests: `make chaos` injects faults while records flow, and counts the records."""
