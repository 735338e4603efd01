"""Indicators made of others, and indicators over many series or corrected bars; begin with `composite`."""
