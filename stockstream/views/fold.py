"""Fold: the protocol of a consumer's state, which takes records and gives frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

import numpy as np

from stockstream.errors import SeriesError
from stockstream.views.frame import Frame

R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)


@dataclass(frozen=True)
class Identity:
    """What the frame of a key is, as windows say it.

    Attributes
    ----------
    title
        For a window's title: ``AAPL 1m``.
    zone
        The exchange's time zone for the axis; None for UTC and for days.
    simulated
        Whether the key's data is simulated, which every picture of it must say.
    ambiguity
        What to tell the user where the key stands for several things, of which only one can be shown.
    """

    title: str
    zone: str | None = None
    simulated: bool = False
    ambiguity: SeriesError | None = None


class Fold(Protocol[R_contra]):
    """Keeps what a view needs of the records seen so far.

    A fold's state depends on the records alone, never on how they were cut into batches.
    """

    def apply(self, records: Sequence[R_contra]) -> bool:
        """Take the next records; say whether anything changed."""

    def keys(self) -> list[str]:
        """The names of what it shows (symbols, airlines), in the order in which to show them."""

    def missing(self) -> list[str]:
        """What the user asked for by name and nothing has come of yet."""

    def known(self) -> list[str]:
        """All names of which anything has come, shown or not."""

    def frame(self, key: str) -> Frame:
        """Everything retained of one key, good until the next `apply`. Raises KeyError for one not in `keys`."""

    def identity(self, key: str) -> Identity:
        """What the frame of a key is. Raises KeyError for one not in `keys`."""

    def latest(self) -> np.datetime64 | None:
        """The newest index value among all the keys, for the status bar."""

    def counts(self) -> Mapping[str, int]:
        """What was not simply taken: corrections, duplicates, doubtful bars; for the status bar and the log."""

    def state(self) -> bytes:
        """Everything, with a version, for a checkpoint."""

    def restore(self, state: bytes) -> None:
        """Go on from a `state`. Raises `stockstream.errors.StateError` where it cannot be used."""


@dataclass(frozen=True)
class Selection:
    """Which records a view takes: what the user named on the command line.

    ``keys`` are symbols or airlines, none for the view's default; the others are of bars only. With ``resample`` the
    bars of a series are shown as bars of that interval.
    """

    keys: tuple[str, ...] = ()
    interval: str | None = None
    feed: str | None = None
    resample: str | None = None


FoldMaker: TypeAlias = Callable[..., Fold[R]]
"""Makes a view's fold from a `Selection` and the view's parameters by name; raises ValueError for a bad parameter."""
