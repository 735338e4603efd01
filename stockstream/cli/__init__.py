"""Command line: the only package that wires the others together. Begin with `main`."""
