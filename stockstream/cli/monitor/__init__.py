"""``stockstream monitor``: a cluster watched in the terminal, as JSON or for Prometheus; begin with `monitor`."""
