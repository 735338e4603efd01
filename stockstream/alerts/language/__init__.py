"""The language of rules: a grammar, its parser, and the terms that a rule means. Begin with `meaning`."""
