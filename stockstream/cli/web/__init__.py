"""The commands of ``stockstream web``: the page, its users, and tokens of scripts. Begin with `web`."""
