"""``stockstream monitor``: monitors a cluster in the terminal, as JSON or for Prometheus; begin with `monitor`."""
