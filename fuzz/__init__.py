"""Fuzz tests: `make fuzz` mangles messages and files, and counts the results."""
