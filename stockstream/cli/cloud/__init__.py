"""``stockstream cloud``: the tables in AWS."""
