"""Pause: whether drawing is paused, and how many records have arrived meanwhile."""

from __future__ import annotations

from stockstream.views.status import Status


class Pause:
    """The user's pause of the drawing; reading continues."""

    def __init__(self) -> None:
        self._since: int | None = None

    def __bool__(self) -> bool:
        return self._since is not None

    def toggle(self, status: Status) -> None:
        """Pause or resume."""
        self._since = None if self else status.taken

    def waiting(self, status: Status) -> int | None:
        """Number of records that arrived since; None if drawing is not paused."""
        return None if self._since is None else status.taken - self._since
