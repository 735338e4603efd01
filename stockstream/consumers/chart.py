"""Option ``--with``: names of studies with their parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Protocol

from stockstream.consumers.registry import STUDIES
from stockstream.indicators.catalog import AnyParameter
from stockstream.names import nearest
from stockstream.views.fold import Value
from stockstream.views.study import Part, Study


class Configured(Protocol):
    """Finds the value of a parameter in the settings."""

    def __call__(self, study: Study, parameter: AnyParameter, /) -> Value:
        """The value of a study's parameter: the setting, otherwise the default."""


def parts(texts: Iterable[str], configured: Configured) -> list[Part]:
    """Parse the names and parameters of studies: ``bollinger:period=50:width=2.5,sma``.

    Raises ValueError, with the nearest name, for unknown studies and parameters, and for invalid values.
    """
    return [_part(each, configured) for text in texts for each in _listed(text)]


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _part(text: str, configured: Configured) -> Part:
    # A value may hold a colon, as a time of day does.
    name, *settings = re.split(r":(?=[\w-]+=)", text)
    wanted = name.lower().replace("-", "_")
    study = STUDIES.get(wanted)
    if study is None:
        raise ValueError(_unknown(f"{name!r} is not an indicator of bars", wanted, STUDIES))
    given = {key.replace("-", "_"): value for key, _, value in (setting.partition("=") for setting in settings)}
    known = {parameter.name: parameter for parameter in study.parameters}
    for each in given:
        if each not in known:
            raise ValueError(_unknown(f"{study.name} has no parameter {each!r}", each, known))
    values = {
        parameter.name: _value(study, parameter, given[parameter.name])
        if parameter.name in given
        else configured(study, parameter)
        for parameter in known.values()
    }
    return Part(study, values)


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = nearest(name, names)
    there = f"there are {', '.join(names)}" if names else "it has none"
    return f"{what}: did you mean {near}? ({there})" if near else f"{what}: {there}"


def _value(study: Study, parameter: AnyParameter, text: str) -> Value:
    try:
        value: Value = parameter.type(text)
    except ValueError:
        kind = "a whole number" if parameter.type is int else "a number"
        raise ValueError(f"{study.name}: {parameter.name} is {text!r}, should be {kind}") from None
    return value


def completions(incomplete: str) -> Iterator[str]:
    """Completions of an incomplete list of studies."""
    begun, comma, last = incomplete.rpartition(",")
    for name in STUDIES:
        if name.startswith(last):
            yield begun + comma + name
