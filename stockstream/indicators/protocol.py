"""What every indicator can do.

Only types are needed of NumPy here: loading it takes most of 0.15 s, and only `Indicator.batch` uses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, TypeVar

import msgspec

if TYPE_CHECKING:
    from typing import Self

    import numpy as np
    from numpy.typing import NDArray

Columns: TypeAlias = "Mapping[str, NDArray[np.float64]]"
"""Named arrays of one length, one element a bar."""


class Point(msgspec.Struct, frozen=True, gc=False):
    """The values of an indicator at one bar: immutable, by name and, iterated, in the order of `Indicator.fields`.

    A Struct is made in a third of a NamedTuple's time, which would be a fifth of an update.
    """

    def __iter__(self) -> Iterator[float | None]:
        return iter(msgspec.structs.astuple(self))


P_co = TypeVar("P_co", bound=Point, covariant=True)


class InvalidBar(ValueError):
    """A bar that an indicator refuses (not finite, or self-contradictory); its state is as before."""


class PriceBar(Protocol):
    """What an indicator reads of a bar; `stockstream.records.Bar` is one."""

    @property
    def high(self) -> float: ...  # noqa: D102
    @property
    def low(self) -> float: ...  # noqa: D102
    @property
    def close(self) -> float: ...  # noqa: D102


class Indicator(Protocol[P_co]):
    """An incremental technical indicator over one series.

    A point is None until the indicator has warmed up; a single field of it is None where it is undefined. What it
    gives depends on the bars alone, bit for bit, never on how they were cut into updates, batches and restores.
    """

    inputs: ClassVar[tuple[str, ...]]
    """The bar fields that it reads: the columns `batch` needs."""

    fields: ClassVar[tuple[str, ...]]
    """The names of a point's values: the columns `batch` gives."""

    @property
    def lookback(self) -> int:
        """Bars before the first point."""

    def update(self, bar: PriceBar) -> P_co | None:
        """Take the next bar; None until warmed up. Raises `InvalidBar` and then changes nothing."""

    def peek(self, bar: PriceBar) -> P_co | None:
        """What `update` would give for a bar that is still forming; changes nothing."""

    def batch(self, columns: Columns) -> Columns:
        """`update` for a whole stretch of bars, at NumPy's speed, from the present state on.

        Takes the arrays named in ``inputs``, each of shape (n,); gives those named in ``fields``, each of shape
        (n,), NaN during warm-up and where a field is undefined. Afterwards the state is the same as after n
        updates. Raises `InvalidBar` and then changes nothing.
        """

    def state(self) -> dict[str, Any]:
        """The whole state: JSON-safe, with a version."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state` of an indicator with the same parameters. Raises ValueError for any other."""

    def copy(self) -> Self:
        """Another indicator in the same state, which then goes its own way."""
