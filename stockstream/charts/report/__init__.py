"""A dashboard and the returns as one page of HTML; begin with `page`."""
