"""Base class of objects that can be copied and saved: indicators, and the windows and averages within them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from inspect import signature
from typing import Any, ClassVar, Self, TypeAlias, TypeVar, get_type_hints

import msgspec

from stockstream.indicators import checks

State: TypeAlias = dict[str, Any]
"""A saved state, as `Stateful.state` gives it: JSON-safe, read back by `converted`."""


class Stateful:
    """Base class: copies, saves and restores objects by the declarations of their class.

    A class names in ``kept`` the slots that change with each value, and annotates each with its type: numbers, bools,
    lists of them, instants, another Stateful, or a dict of those by name. All else that it holds follows from the
    parameters of its ``__init__``, each of which is also a public attribute; of one that is Stateful itself, the state
    is the part's business. ``version`` is raised where a state of the same parameters takes another shape.

    >>> class Sum(Stateful):
    ...     __slots__ = ("_total",)
    ...     kept = ("_total",)
    ...     _total: float
    ...
    ...     def __init__(self) -> None:
    ...         self._total = 0.0
    >>> total = Sum()
    >>> total.restore({"version": 1, "total": 2.5})
    >>> total.copy().state()
    {'version': 1, 'total': 2.5}
    """

    __slots__ = ()

    kept: ClassVar[tuple[str, ...]] = ()
    version: ClassVar[int] = 1

    parameters: ClassVar[tuple[str, ...]] = ()
    """The names of the parameters; taken from ``__init__``."""

    _slots: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        cls.parameters = tuple(signature(cls).parameters)
        cls._slots = tuple(name for base in cls.__mro__ for name in getattr(base, "__slots__", ()))
        lost = [name for name in (*cls.kept, *cls.parameters) if name not in cls._slots]
        if lost and "__slots__" not in vars(cls):
            raise TypeError(f"{cls.__name__} declares no __slots__: copies and states would lose {', '.join(lost)}")

    def copy(self) -> Self:
        """An independent copy in the same state."""
        twin = object.__new__(type(self))
        for name in self._slots:
            value = getattr(self, name)
            if isinstance(value, list | Stateful):
                value = value.copy()
            elif isinstance(value, dict):
                value = copies(value)
            setattr(twin, name, value)
        return twin

    def state(self) -> State:
        """The whole state: JSON-safe, with a version."""
        state = self._identity()
        for name in self.kept:
            value = getattr(self, name)
            if isinstance(value, Stateful):
                value = value.state()
            elif isinstance(value, list):
                value = value.copy()
            elif isinstance(value, datetime):
                value = value.isoformat()
            elif isinstance(value, dict):
                value = {part: each.state() for part, each in value.items()}
            state[name.lstrip("_")] = value
        return state

    def restore(self, state: Mapping[str, object]) -> None:
        """Go on from a `state`; ValueError for one of other parameters or another version, or a damaged one.

        Nothing has changed where it raises.
        """
        fresh = self._restored(state)
        for name in self._slots:
            setattr(self, name, getattr(fresh, name))

    def _restored(self, state: Mapping[str, Any]) -> Self:
        """One of the same parameters in that state."""
        if not isinstance(state, Mapping):
            raise checks.damaged(f"{state!r} stands where a state belongs")
        checks.same(state, **self._identity())
        fresh = type(self)(**{name: getattr(self, name) for name in self.parameters})
        kind: Any = type(self)
        hints = _hints(kind)
        for name in self.kept:
            key = name.lstrip("_")
            if key not in state:
                raise checks.damaged(f"there is no {key}")
            part = getattr(fresh, name)
            if isinstance(part, Stateful):
                setattr(fresh, name, part._restored(state[key]))  # noqa: SLF001 - it is one of us
            elif isinstance(part, dict):
                _restore(part, key, state[key])
            else:
                setattr(fresh, name, converted(key, state[key], hints[name]))
        fresh._check()  # noqa: SLF001 - it is one of us
        return fresh

    def _check(self) -> None:
        """Raise `checks.damaged` where what was restored contradicts itself; by default nothing does."""

    def _identity(self) -> State:
        """What a state must have in common with this one: version and parameters."""
        parameters = {name: getattr(self, name) for name in self.parameters}
        return {"version": self.version} | {
            name: value for name, value in parameters.items() if not isinstance(value, Stateful | dict)
        }


@lru_cache(maxsize=512)
def _hints(kind: Any) -> Mapping[str, Any]:
    """The types of a class's attributes, which Python finds out anew each time: a millisecond."""
    return get_type_hints(kind)


S = TypeVar("S", bound=Stateful)


def copies(parts: Mapping[str, S]) -> dict[str, S]:
    """A copy of each, by the same names."""
    return {name: part.copy() for name, part in parts.items()}


def _restore(parts: Mapping[str, Stateful], key: str, saved: object) -> None:
    """Restore each from its state by name."""
    if not isinstance(saved, Mapping):
        raise checks.damaged(f"{key} is {saved!r}")
    checks.same({key: list(saved)}, **{key: list(parts)})
    for name, part in parts.items():
        part.restore(saved[name])


def converted(name: str, value: object, kind: object) -> Any:
    """A part of a saved state as what it was, by its annotation; ValueError where it is something else."""
    try:
        converted = msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise checks.damaged(f"{name}: {error}") from error
    if not isinstance(converted, datetime):
        checks.finite(name, converted)
    elif converted.tzinfo is None:
        raise checks.damaged(f"{name} is {value!r}, without a zone")
    return converted
