"""``stockstream sql``: statements over the durable tables."""
