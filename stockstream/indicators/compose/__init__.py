"""Composed indicators: of other indicators, over many series, over corrected bars; begin with `composite`."""
