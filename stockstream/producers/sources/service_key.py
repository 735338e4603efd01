"""Key of a service: from the environment, or from a file that only its owner can read."""

from __future__ import annotations

import os
from pathlib import Path

from stockstream.credentials import refuse_open_to_others
from stockstream.errors import SourceError
from stockstream.files import expanded


def service_key(title: str, variable: str, file: Path | None, setting: str) -> str:
    """The key; a file overrides the environment. It is never part of an error.

    Parameters
    ----------
    title
        Name of the service in messages.
    variable
        The environment variable.
    file
        The file that the settings name, if any.
    setting
        Name of that setting.

    Raises
    ------
    SourceError
        There is no key.
    ConfigError
        For a file that others can read.
    """
    key = os.environ.get(variable, "")
    if file is not None:
        place = expanded(file)
        try:
            refuse_open_to_others(place)
            key = place.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not a text"
            raise SourceError(f"the key of {title} cannot be read from {place}: {why}") from None
    if not key.strip():
        raise SourceError(f"{title} needs a key", hint=f"set {variable}, or {setting} to a file of mode 0600")
    return key.strip()
