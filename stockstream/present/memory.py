"""Saved preferences of a window: one small JSON file for each window, read at its next start."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from stockstream.errors import StockstreamError
from stockstream.files import private_file, private_folder, replacing

LOG = logging.getLogger(__name__)

T = TypeVar("T")

_WRITE_AFTER: Final = 1.0
"""Seconds from a change until it is written: a window that is dragged changes twenty times a second."""


class Memory:
    """Saved sections by name, one for each part of a window.

    A change is written soon after it was made. The file is replaced as a whole, so that no reader sees half of it; if
    two windows share a file, the last writer wins. An unreadable file is renamed and kept, and ``note`` says so.

    Parameters
    ----------
    path
        The file; None to remember nothing beyond this run.
    """

    def __init__(self, path: Path | None) -> None:
        self.note = ""
        self._path = path
        self._sections: dict[str, object] = {}
        self._due: float | None = None
        if path is not None:
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            self._sections = msgspec.json.decode(path.read_bytes(), type=dict[str, object])
        except FileNotFoundError:
            pass
        except OSError as error:
            self._give_up(f"what was remembered cannot be read: {path}: {error.strerror}")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._set_aside(str(error))

    def get(self, name: str, kind: type[T], default: T) -> T:
        """A section, validated as a type that msgspec knows; the default if there is none."""
        if name not in self._sections:
            return default
        try:
            return msgspec.convert(self._sections[name], kind)
        except msgspec.ValidationError as error:
            self._set_aside(f"{name}: {error}")
            del self._sections[name]
            return default

    def put(self, name: str, content: object) -> None:
        """Save a section: anything that msgspec encodes as JSON."""
        fresh = msgspec.to_builtins(content)
        if self._sections.get(name) != fresh:
            self._sections[name] = fresh
            self._due = self._due or time.monotonic() + _WRITE_AFTER

    def save_if_due(self) -> None:
        """Write changes that are old enough; call this regularly."""
        if self._due is not None and time.monotonic() >= self._due:
            self.close()

    def close(self) -> None:
        """Write all pending changes."""
        path, due, self._due = self._path, self._due, None
        if path is None or due is None:
            return
        try:
            with replacing(path) as beside:
                private_folder(path.parent)
                private_file(beside)
                beside.write_bytes(msgspec.json.format(msgspec.json.encode(self._sections), indent=2))
        except StockstreamError as error:
            self._give_up(f"nothing can be remembered: {error.message}")

    def _set_aside(self, reason: str) -> None:
        """Rename an unreadable file instead of overwriting it, so that its contents are not lost."""
        if self._path is None or not self._path.exists():
            return
        aside = self._path.with_name(f"{self._path.name}.damaged")
        try:
            self._path.replace(aside)
        except OSError as error:
            self._give_up(f"what was remembered is damaged: {self._path}: {error.strerror}")
            return
        self._say(f"what was remembered is damaged: set aside as {aside}", reason)

    def _give_up(self, text: str) -> None:
        self._path = None
        self._say(text, "nothing is remembered from now on")

    def _say(self, text: str, more: str) -> None:
        LOG.warning("%s (%s)", text, more)
        self.note = text
