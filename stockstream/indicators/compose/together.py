"""Several indicators over the same bars, as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from stockstream.indicators.base import Point, refuse_other
from stockstream.indicators.compose.composite import Composite, Part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stockstream.indicators.arrays import Column, UserTable


def column(name: str, indicator: Part | type[Part], field: str) -> str:
    """The name of a part's field in a `Together`.

    ``bollinger_upper``; the part's name alone where it has no other field, or where the field is what the indicator
    itself is called.

    >>> from stockstream.indicators import RSI, Bollinger
    >>> column("bollinger", Bollinger, "upper"), column("rsi", RSI, "rsi"), column("fast", RSI, "rsi")
    ('bollinger_upper', 'rsi', 'fast')
    """
    return name if len(indicator.fields) == 1 or field == indicator.name else f"{name}_{field}"


@lru_cache(maxsize=256)
def _point(fields: tuple[str, ...]) -> type[Point]:
    """The class of points of these fields: one for all that have the same, so that they compare."""
    kind = [(field, float | None) for field in fields]
    return msgspec.defstruct("TogetherPoint", kind, bases=(Point,), frozen=True, gc=False)  # type: ignore[return-value]


class Together(Composite):
    """Several indicators over the same bars, as one: its point has the values of all.

    Fields are named by `column`. The first point is that of the part that has warmed up first; the fields of the
    others are None until they have, too. A bar that one part refuses is refused by all and changes none.

    Parameters
    ----------
    parts
        The indicators by name, at least one; copies of them are used.

    Raises
    ------
    ValueError
        Without any part, for a name that is not an identifier, and where two fields would have the same name.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from stockstream.indicators import RSI, Aroon
    >>> both = Together({"aroon": Aroon(2), "rsi": RSI(3)})
    >>> both.inputs
    ('high', 'low', 'close')
    >>> for price in (10.0, 12.0, 11.0):
    ...     point = both.update(SimpleNamespace(high=price, low=price, close=price))
    >>> point
    TogetherPoint(aroon_up=50.0, aroon_down=0.0, aroon_oscillator=50.0, rsi=None)
    """

    __slots__ = ()

    name: ClassVar[str] = "together"

    def __init__(self, parts: Mapping[str, Part]) -> None:
        if not isinstance(parts, Mapping):
            raise TypeError(f"parts are indicators by name, such as {{'fast': SMA(5)}}, not {type(parts).__name__}")
        for part in parts.values():
            refuse_other(part)
        if not parts:
            raise ValueError("at least one indicator is needed")
        if strange := [name for name in parts if not name.isidentifier()]:
            raise ValueError(f"the name of a part is an identifier, not {strange[0]!r}")
        fields = [column(name, part, field) for name, part in parts.items() for field in part.fields]
        if twice := {field for field in fields if fields.count(field) > 1}:
            raise ValueError(f"two fields would be called {', '.join(sorted(twice))}: name the parts otherwise")
        inputs = dict.fromkeys(name for part in parts.values() for name in part.inputs)
        super().__init__(parts, inputs, _point(tuple(fields)))

    @property
    def lookback(self) -> int:
        """Bars before the first point: the least of the parts'."""
        return min(part.lookback for part in self.parts.values())

    def peek(self, bar: Any) -> Point | None:  # noqa: D102 - as `Indicator` has it
        return self._joined(part.peek(bar) for part in self.parts.values())

    def _advance(self, bar: Any) -> Point | None:
        return self._joined([part.update(bar) for part in self.parts.values()])

    def _joined(self, points: Iterable[Point | None]) -> Point | None:
        """The parts' points as one; None if no part has one."""
        values: list[float | None] = []
        some = False
        for part, point in zip(self.parts.values(), points, strict=True):
            if point is None:
                values += [None] * len(part.fields)
            else:
                values += point
                some = True
        return self.point(*values) if some else None

    def _computable(self, *inputs: Column) -> NDArray[np.bool_]:
        columns = dict(zip(self.inputs, inputs, strict=True))
        good: Any = True
        for part in self.parts.values():
            good = good & part._computable(*(columns[name] for name in part.inputs))  # noqa: SLF001 - it is one of us
        return good  # type: ignore[no-any-return]

    def _points(self, columns: UserTable, count: int) -> dict[str, NDArray[np.float64]]:  # noqa: ARG002 - as the base has it
        import numpy as np  # as late as here: see base

        points = {}
        for name, part in self.parts.items():
            for field, values in part.batch(columns).items():
                points[column(name, part, str(field))] = np.asarray(values)
        self.value = self._joined(part.value for part in self.parts.values())
        return points
