"""Fold: the protocol of a consumer's state, which takes records and gives frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from stockstream.errors import SeriesError

if TYPE_CHECKING:  # NumPy, which `watch --help` does not need
    import numpy as np

    from stockstream.views.frame import Frame

Pages: TypeAlias = Mapping[str, bytes | None]
"""Parts of a state by name, so that a save costs what has changed; None for one that is gone."""

Value: TypeAlias = int | float | str | None
"""Type of a parameter's value."""

Parameters: TypeAlias = Mapping[str, Value]
"""Values of a view's parameters by name."""

R = TypeVar("R")
R_contra = TypeVar("R_contra", contravariant=True)


@dataclass(frozen=True)
class Identity:
    """Identity of the frame of a key, as windows show it.

    Attributes
    ----------
    title
        Part of a window's title: ``AAPL 1m``.
    zone
        The exchange's time zone for the axis; None for UTC and for days.
    measure
        What its numbers are, where they are no prices: a unit.
    simulated
        Whether the data is simulated; every picture of it must say so.
    source
        Where its newest record comes from: a source, as bars name it. Empty if it is not known, or a simulation.
    ambiguity
        Error for the user if the key has several series, of which only one can be shown; otherwise None.
    """

    title: str
    zone: str | None = None
    simulated: bool = False
    measure: str | None = None
    source: str = ""
    ambiguity: SeriesError | None = None


class Fold(Protocol[R_contra]):
    """Keeps the data of a view from the records so far.

    The state of a fold depends only on the records, not on their division into batches.
    """

    def apply(self, records: Sequence[R_contra]) -> bool:
        """Add the next records; returns whether anything changed."""

    def keys(self) -> list[str]:
        """The keys (symbols, airlines) to show, in order."""

    def missing(self) -> list[str]:
        """Requested keys without records so far."""

    def known(self) -> list[str]:
        """All keys with records, whether shown or not."""

    def frame(self, key: str) -> Frame:
        """The frame of a key, valid until the next `apply`. Raises KeyError for a key not in `keys`."""

    def identity(self, key: str) -> Identity:
        """The identity of a key's frame. Raises KeyError for a key not in `keys`."""

    def latest(self) -> np.datetime64 | None:
        """The newest index value of all keys, for the status bar."""

    def counts(self) -> Mapping[str, int]:
        """Number of irregular records of each kind (corrections, duplicates, doubtful bars), for the status bar."""

    def pages(self, *, changed: bool = False) -> Pages:
        """The complete state, with a version, for a checkpoint; or the changes since the last call."""

    def restore(self, pages: Mapping[str, bytes]) -> None:
        """Go on from all `pages`. Raises `stockstream.errors.StateError` where they cannot be used."""


AnyFold: TypeAlias = Fold[Any]
"""One of some record, as `stockstream.views.view.AnyView`."""


@dataclass(frozen=True)
class Selection:
    """Selects the records of a view, as given on the command line.

    ``keys`` are symbols or airlines, empty for the view's default; the other fields apply to bars only. With
    ``resample`` the bars of a series are resampled to that interval; sessions open when ``opens`` or ``calendar`` says,
    as of `stockstream.indicators.Resampler`. Times are shown in ``tz``, None for the exchange's zone.
    ``keep`` is the number of bars of a series to keep at least, None for all.
    """

    keys: tuple[str, ...] = ()
    interval: str | None = None
    feed: str | None = None
    resample: str | None = None
    opens: str | None = None
    calendar: str | None = None
    tz: str | None = None
    keep: int | None = None


FoldMaker: TypeAlias = Callable[[Selection, Parameters], Fold[R]]
"""Makes the fold of a view; raises ValueError for an invalid parameter."""
