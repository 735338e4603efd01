"""Checks of parameters, bars and saved states."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any


class InvalidBar(ValueError):
    """A bar that an indicator refuses (not finite, or self-contradictory); its state is as before."""


def whole(name: str, value: object, *, least: int, most: int | None = None) -> int:
    """The parameter as an int; ValueError unless it is a whole number of at least ``least``, and at most ``most``.

    >>> whole("period", 0, least=2)
    Traceback (most recent call last):
    ValueError: period is a whole number of at least 2, not 0
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or not least <= int(value) <= (most or math.inf):
        limits = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} is a whole number {limits}, not {value!r}")
    return int(value)


def between(name: str, value: object, least: float, most: float) -> float:
    """The parameter as a float; ValueError unless it is a number from ``least`` to ``most``.

    >>> between("width", 0.0, 1e-6, 1e6)
    Traceback (most recent call last):
    ValueError: width is a number from 1e-06 to 1e+06, not 0.0
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not least <= float(value) <= most:
        raise ValueError(f"{name} is a number from {least:g} to {most:g}, not {value!r}")
    return float(value)


def refusal(bar: object, *names: str) -> InvalidBar:
    """The error for a bar, naming the values that it is about and the bar's time where it has one."""
    values = ", ".join(f"{name} {getattr(bar, name)!r}" for name in names)
    time = getattr(bar, "time", None)
    return InvalidBar(f"cannot compute with {values}" + (f" at {time}" if time is not None else ""))


def same(state: Mapping[str, object], **expected: object) -> None:
    """Refuse a saved state that is not of this indicator, version and parameters.

    >>> same({"indicator": "aroon", "version": 1, "period": 14}, indicator="aroon", version=1, period=25)
    Traceback (most recent call last):
    ValueError: the saved state has period 14, this indicator has period 25
    """
    for name, value in expected.items():
        if name not in state:
            raise damaged(f"there is no {name}")
        if state[name] != value:
            raise ValueError(f"the saved state has {name} {state[name]!r}, this indicator has {name} {value!r}")


def finite(name: str, value: object) -> None:
    """Refuse a part of a saved state that is, or holds, something else than finite numbers.

    >>> finite("total", [1.0, float("nan")])
    Traceback (most recent call last):
    ValueError: the saved state is damaged: total holds nan where a number belongs
    """
    if isinstance(value, list | tuple):
        if not _is_sum_finite(value):  # it may be too large, or not all are numbers
            for each in value:
                finite(name, each)
    elif value is not None and (not isinstance(value, int | float) or not math.isfinite(value)):
        raise damaged(f"{name} holds {value!r} where a number belongs")


def _is_sum_finite(values: Sequence[Any]) -> bool:
    """Whether these are numbers with a finite sum, so that each is: in a tenth of the time of a look at each."""
    try:
        return math.isfinite(sum(values))
    except (TypeError, OverflowError):
        return False


def damaged(why: str) -> ValueError:
    """The error for a saved state that contradicts itself."""
    return ValueError(f"the saved state is damaged: {why}")
