"""Interface of the receiver of a source's messages for the user."""

from __future__ import annotations

from typing import Protocol


class Reporter(Protocol):
    """Receives messages for the user."""

    def note(self, text: str) -> None:
        """A line for the user."""

    def warn(self, text: str) -> None:
        """A line that the user should not overlook."""
