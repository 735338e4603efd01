"""Consumers: one small file each, with its topic, fold and marks. Begin with `bollinger`."""
