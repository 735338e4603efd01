"""What becomes of the data when things break: `make chaos` breaks them, and counts."""
