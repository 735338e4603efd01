"""Commands that run unattended: their systemd units, and the service manager of the user. Begin with `unit`."""
