"""Base class of all indicators, and the bars and points that they use.

Only types are needed of NumPy here: loading it takes most of 0.15 s, and only `Indicator.batch` uses it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, Protocol, Self, TypeAlias, TypeVar, overload

import msgspec

from stockstream.indicators import checks
from stockstream.indicators.stateful import State, Stateful, converted
from stockstream.names import cut

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from stockstream.indicators.arrays import Column

Columns: TypeAlias = "Mapping[str, NDArray[np.float64]]"
"""Named arrays of one length, one element for each bar."""

Table = TypeVar("Table", bound="Columns | pd.DataFrame")

_AT_ONCE_FROM: Final = 200
"""Number of bars below which NumPy's calls cost more than updates."""


class Point(msgspec.Struct, frozen=True, gc=False):
    """The values of an indicator at one bar: immutable, by name and, iterated, in the order of `Indicator.fields`.

    A Struct is made in a third of a NamedTuple's time, which would be a fifth of an update.
    """

    def __iter__(self) -> Iterator[float | None]:
        return iter(msgspec.structs.astuple(self))


R_contra = TypeVar("R_contra", contravariant=True)
P = TypeVar("P", bound=Point)


class PriceBar(Protocol):
    """Fields of a bar that indicators can read; each reads only its ``inputs``. `stockstream.records.Bar` is one."""

    @property
    def open(self) -> float | None: ...  # noqa: D102
    @property
    def high(self) -> float: ...  # noqa: D102
    @property
    def low(self) -> float: ...  # noqa: D102
    @property
    def close(self) -> float: ...  # noqa: D102
    @property
    def volume(self) -> float | None: ...  # noqa: D102
    @property
    def time(self) -> datetime: ...  # noqa: D102


class Indicator(Stateful, Generic[R_contra, P]):
    """An incremental technical indicator over one series.

    A point is None until the indicator has warmed up; a single field of it is None where it is undefined. The points
    depend only on the bars, bit for bit, never on how they were divided into updates, batches and restores.

    A bar is refused, by `InvalidBar` and without a change of state, if a number that the indicator reads is not finite
    or beyond 1e100, if its high is below its low, or if its volume is negative or unknown.

    A subclass implements `update`, optionally `_fill`, and declares the class attributes.

    Attributes
    ----------
    value
        The latest point, returned by the last `update`; None until warmed up.
    """

    __slots__ = ("value",)

    name: ClassVar[str]
    """Name in saved states, on the command line and in settings."""

    inputs: ClassVar[tuple[str, ...]]
    """Bar fields that it reads: the columns that `batch` needs."""

    point: ClassVar[type[Point]]
    """The class of its points."""

    fields: ClassVar[tuple[str, ...]]
    """Names of a point's values, the columns that `batch` returns; taken from ``point``."""

    undefined: ClassVar[str] = ""
    """Reason why a field of its points may be None, as text after "undefined: "."""

    of_one_series: ClassVar[bool] = True
    """Whether its bars belong to one series, so that a batch refuses several."""

    at_once: ClassVar[int] = 65_536
    """Number of bars that a batch computes at once: their intermediate results stay in the processor's cache."""

    value: P | None

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        if isinstance(vars(cls).get("point"), type):  # not where it depends on the parameters
            cls.fields = cls.point.__struct_fields__

    def __init__(self) -> None:
        self.value = None

    @classmethod
    def require(cls) -> None:
        """Raise `StockstreamError` with what to install, unless all that it computes with is there; by default it is.

        Whoever makes an indicator for a user asks this first: a package that is missing is not a reason to leave it out
        of lists, nor to fail at the first bar.
        """

    @property
    def lookback(self) -> int:
        """Number of bars before the first point."""
        raise NotImplementedError

    @property
    def ready(self) -> bool:
        """Whether it has warmed up."""
        return self.value is not None

    def update(self, bar: R_contra) -> P | None:
        """Take the next bar; returns the point, also kept as ``value``, or None until warmed up.

        Raises
        ------
        InvalidBar
            The bar cannot be used; nothing has changed.
        """
        raise NotImplementedError

    def peek(self, bar: R_contra) -> P | None:
        """The point that `update` would return for a forming bar; changes nothing."""
        return self.copy().update(bar)

    @overload
    def batch(self, columns: pd.Series[float]) -> pd.DataFrame: ...

    @overload
    def batch(self, columns: Table) -> Table: ...

    def batch(self, columns: object) -> Any:
        """`update` for many bars, at NumPy's speed, from the present state on.

        Takes the columns named in ``inputs``, as arrays of shape (n,) by name or as a DataFrame; gives those named
        in ``fields``, each of shape (n,), the same way (a DataFrame with the same index), NaN during warm-up and
        where a field is undefined. Names may be in any case, and a pandas Series is the only column that is needed; it
        gives a DataFrame. Afterwards the state is the same as after n updates.

        Raises `InvalidBar`; TypeError for what has no columns by name; ValueError where a column is missing or is no
        column of numbers, or the bars are of several series, for which there is `stockstream.indicators.by_series`.
        Then nothing has changed.
        """
        import numpy as np  # imported late: see above

        from stockstream.indicators import arrays

        if self.of_one_series:
            arrays.one_series(columns)
        inputs = self._columns(columns)
        arrays.refuse_unless(self._computable(*inputs), columns, dict(zip(self.inputs, inputs, strict=True)))
        count = len(inputs[0])
        points = np.empty((len(self.fields), count))
        start = 0
        while start < count and (count < _AT_ONCE_FROM or self.value is None):
            points[:, start] = self._row(self.update(self._bar(inputs, start)))
            start += 1
        if start < count:
            # The last bar is an update, which leaves its point as the value.
            step = max(self.at_once, 64 * self.lookback)
            for first in range(start, count - 1, step):
                chunk = slice(first, min(first + step, count - 1))
                self._fill(points[:, chunk], *(each[chunk] for each in inputs))
            points[:, -1] = self._row(self.update(self._bar(inputs, -1)))
        return arrays.like(columns, dict(zip(self.fields, points, strict=True)))

    def _columns(self, columns: object) -> list[Column]:
        """The columns of ``inputs``, each of shape (n,), as `_computable` and `_fill` take them."""
        from stockstream.indicators import arrays

        return arrays.columns_of(columns, self.inputs)

    def _fill(self, points: NDArray[np.float64], *inputs: Column) -> None:
        """`update` for many bars at once, of an indicator that has warmed up; all bars are good.

        Takes ``points``, shape (fields, n), to write to (NaN where undefined), and the columns of ``inputs``, each of
        shape (n,), n >= 1. Sets all of the state but ``value``.
        """
        for index in range(len(inputs[0])):
            points[:, index] = self._row(self.update(self._bar(inputs, index)))

    def _computable(self, *inputs: Column) -> NDArray[np.bool_]:
        """Which bars `update` does not refuse, shape (n,), from the columns of ``inputs``."""
        from stockstream.indicators import arrays

        return arrays.computable(dict(zip(self.inputs, inputs, strict=True)))

    def _bar(self, inputs: Sequence[Column], index: int) -> Any:
        """The bar at an index of the columns."""
        from stockstream.indicators.arrays import element

        return SimpleNamespace(**{name: element(each, index) for name, each in zip(self.inputs, inputs, strict=True)})

    def _row(self, point: P | None) -> Any:
        """A point as a row of numbers."""
        return math.nan if point is None else [math.nan if value is None else value for value in point]

    def state(self) -> State:
        """The whole state: JSON-safe, with a version."""
        return super().state() | {"value": None if self.value is None else list(self.value)}

    def _identity(self) -> State:
        return {"indicator": self.name} | super()._identity()

    def _restored(self, state: Mapping[str, object]) -> Self:
        fresh = super()._restored(state)
        values = converted("value", state.get("value", ()), list[float | None] | None)
        if values is not None:
            if len(values) != len(self.fields):
                raise checks.damaged(f"value is {values!r}")
            fresh.value = self.point(*values)  # type: ignore[assignment]
        return fresh


AnyIndicator: TypeAlias = Indicator[Any, Any]
"""One of some bars and points. Python's types cannot say "of one type, whichever it is", which a mapping needs."""


def refuse_other(value: object) -> None:
    """Raise TypeError unless this is an indicator."""
    if isinstance(value, type) and issubclass(value, Indicator):
        raise TypeError(f"an indicator is needed, such as {value.__name__}(), not the class {value.__name__}")
    if not isinstance(value, Indicator):
        raise TypeError(f"an indicator is needed, such as SMA(20), not {cut(repr(value))}")
