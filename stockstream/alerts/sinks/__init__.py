"""Sinks: where alerts are sent. A file each; `catalog` finds them by name, those of plug-ins, too."""
