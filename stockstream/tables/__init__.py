"""Durable tables of the topics (Delta Lake, written by delta-rs), and SQL over them. Needs the extra ``lake``."""
