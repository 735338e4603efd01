"""``stockstream cloud``: the tables in AWS. Begin with `cloud`."""
