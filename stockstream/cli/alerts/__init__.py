"""``stockstream alerts``: the command that evaluates rules, and those about alerts and rules. Begin with `alerts`."""
