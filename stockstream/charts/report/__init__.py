"""Report: a dashboard and the returns as one HTML page; begin with `page`."""
