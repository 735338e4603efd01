"""Producers: one file for each source of records, and the loop that sends them; begin with `produce`."""
