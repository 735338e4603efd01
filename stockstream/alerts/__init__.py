"""Alerts: rules over series of bars, their evaluation, and the alerts that come of them. Begin with `runner`."""
