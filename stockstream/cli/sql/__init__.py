"""``stockstream sql``: statements over the durable tables. Begin with `sql`."""
