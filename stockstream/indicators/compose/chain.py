"""Chain: an indicator of another indicator's points."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from stockstream.indicators import checks
from stockstream.indicators.base import Point, refuse_other
from stockstream.indicators.compose.composite import Composite, Part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stockstream.indicators.arrays import Column, UserTable


class _Close(msgspec.Struct, frozen=True, gc=False):
    """The bar that the outer indicator reads: a value of the inner one."""

    close: float


class Chain(Composite):
    """An indicator of another indicator's values: the RSI of the OBV, a moving average of the RSI.

    The outer one takes a field of the inner one's points as its closes; the chain's points are those of the outer one.
    If that field is undefined, the outer one skips it, and every field of the chain's point is undefined. A value that
    the outer one refuses is an `InvalidBar`, and neither has changed.

    Parameters
    ----------
    inner
        The indicator of the bars; the chain uses a copy of it.
    outer
        The indicator of its values, which reads only closes (possibly a chain); the chain uses a copy of it.
    field
        Field of the inner one's points; not needed if there is only one.

    Raises
    ------
    ValueError
        For an outer indicator that reads something else, for a field that the inner one does not have, and for none
        where it has several.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from stockstream.indicators import RSI, SMA
    >>> smoothed = Chain(RSI(period=2), SMA(period=2))
    >>> [smoothed.update(SimpleNamespace(close=close)) for close in (10.0, 13.0, 12.0, 12.0)]
    [None, None, None, SMAPoint(sma=75.0)]
    """

    __slots__ = ("_undefined", "field")

    name: ClassVar[str] = "chain"

    def __init__(self, inner: Part, outer: Part, field: str | None = None) -> None:
        for part in (inner, outer):
            refuse_other(part)
        if tuple(outer.inputs) != ("close",):
            raise ValueError(f"the outer indicator reads close alone; {outer.name} reads {', '.join(outer.inputs)}")
        if field is None and len(inner.fields) == 1:
            (field,) = inner.fields
        if field not in inner.fields:
            raise ValueError(f"field is one of {', '.join(inner.fields)} of {inner.name}, not {field!r}")
        super().__init__({"inner": inner, "outer": outer}, inner.inputs, outer.point)
        self.field = field
        self._undefined = outer.point(*[None] * len(outer.fields))

    @property
    def inner(self) -> Part:
        """The indicator of the bars."""
        return self.parts["inner"]

    @property
    def outer(self) -> Part:
        """The indicator of its values."""
        return self.parts["outer"]

    @property
    def lookback(self) -> int:
        """Bars before the first point, where the inner one's field is always defined: both lookbacks."""
        return self.inner.lookback + self.outer.lookback

    def peek(self, bar: object) -> Point | None:  # noqa: D102 - as `Indicator` has it
        return self._link(bar, self.inner.peek(bar), self.outer.peek)

    def _advance(self, bar: object) -> Point | None:
        return self._link(bar, self.inner.update(bar), self.outer.update)

    def _link(self, bar: Any, point: Point | None, take: Any) -> Point | None:
        """Pass on the inner one's point; returns the chain's."""
        value = None if point is None else getattr(point, self.field)
        if value is None:
            return self._blank
        try:
            result: Point | None = take(_Close(value))
        except checks.InvalidBar as error:
            seen = SimpleNamespace(**{self.field: value, "time": getattr(bar, "time", None)})
            raise checks.refusal(seen, self.field) from error
        return result

    @property
    def _blank(self) -> Point | None:
        """The point of a bar for which the inner one has no value."""
        return None if self.outer.value is None else self._undefined

    def _computable(self, *inputs: Column) -> NDArray[np.bool_]:
        return self.inner._computable(*inputs)  # noqa: SLF001 - it is one of us

    def _points(self, columns: UserTable, count: int) -> dict[str, NDArray[np.float64]]:
        import numpy as np  # as late as here: see base

        from stockstream.indicators import arrays

        values = np.asarray(self.inner.batch(columns)[self.field])
        fed = ~np.isnan(values)
        closes = values[fed]
        good = np.ones(count, dtype=np.bool_)
        good[fed] = self.outer._computable(closes)  # noqa: SLF001 - it is one of us
        arrays.refuse_unless(good, columns, {self.field: values})
        points = np.full((len(self.fields), count), np.nan)
        points[:, fed] = list(self.outer.batch({"close": closes}).values())
        if count:
            self.value = self.outer.value if fed[-1] else self._blank
        return dict(zip(self.fields, points, strict=True))
