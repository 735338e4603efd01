"""Version of the package: setup.cfg, ``--version`` and saved states read it here."""

VERSION = "0.1.0"
