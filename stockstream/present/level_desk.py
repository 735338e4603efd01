"""Level desk: where a window hands its levels of prices, so that another process watches them when it is closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Merged(NamedTuple):
    """Levels of a symbol, each value with whether it is of once: the window's, and those that the process has, too."""

    own: Mapping[float, bool]
    agreed: Mapping[float, bool]


class LevelDesk(Protocol):
    """Keeps the levels of a window and those of another process equal."""

    def merge(self, symbol: str, own: Mapping[float, bool], agreed: Mapping[float, bool], /) -> Merged:
        """The levels of a symbol as the window should have them; ``agreed`` is what the last call returned as such."""

    def said(self) -> str:
        """What the user should know, once; empty for nothing."""

    @property
    def hands(self) -> bool:
        """Whether the other process can have one level more of the window."""

    def symbols(self) -> set[str]:
        """Symbols of which the other process has levels of the user, or soon has."""

    def close(self) -> None:
        """The window closes: the next call of `merge` hands on what the user changed, however recently."""


class NoDesk:
    """There is no other process: levels stay the window's."""

    def merge(self, _symbol: str, own: Mapping[float, bool], _agreed: Mapping[float, bool], /) -> Merged:
        """As `LevelDesk.merge`."""
        return Merged(own, {})

    def said(self) -> str:
        """As `LevelDesk.said`."""
        return ""

    @property
    def hands(self) -> bool:
        """As `LevelDesk.hands`."""
        return False

    def symbols(self) -> set[str]:
        """As `LevelDesk.symbols`."""
        return set()

    def close(self) -> None:
        """As `LevelDesk.close`."""
