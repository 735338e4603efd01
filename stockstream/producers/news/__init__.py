"""Headlines: where they come from, what they are, and the series of their scores. Begin with `headline`."""
