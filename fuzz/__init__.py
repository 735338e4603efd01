"""What becomes of mangled input: `make fuzz` mangles messages and files, and counts."""
