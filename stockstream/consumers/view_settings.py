"""Section ``views`` of the settings: the parameters and keys of each window, checked at the start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final

from stockstream.config_sources import Entry
from stockstream.consumers.chart import parts
from stockstream.consumers.registry import VIEWS
from stockstream.indicators.catalog import AnyParameter
from stockstream.views.fold import Parameters, Selection, Value
from stockstream.views.study import Study, chart
from stockstream.views.view import AnyView

if TYPE_CHECKING:  # `watch --help` does not need them
    from stockstream.config import Settings

CHART: Final = chart(())
"""A chart of prices only: the common part of all charts."""

_ALL: Final[Mapping[str, AnyView]] = {CHART.name: CHART, **VIEWS}
_KINDS: Final = {int: "whole number", str: "text: put it in quotes"}


def check(settings: Settings) -> None:
    """Check the whole section. Raises ConfigError, with its line, for unknown names and invalid values."""
    for name, section in settings.views.items():
        view = _ALL.get(name)
        if view is None:
            raise settings.unknown(("views", name), _ALL)
        for key in section:
            if key not in _keys_of(view):
                raise settings.unknown(("views", name, key), _keys_of(view))
        keys(settings, view)
        if view is CHART:
            _check_chart(settings)
        else:
            _check_parameters(settings, view)


def entries(settings: Settings) -> Iterator[Entry]:
    """All settings with value and origin; of ``views`` all possible ones, set or not."""
    for section, group in groupby(settings.entries(), key=lambda entry: entry.path[0]):
        yield from _views(settings) if section == "views" else group


def _views(settings: Settings) -> Iterator[Entry]:
    for view in _ALL.values():
        values: dict[str, object] = {each.name: parameter(settings, view.name, each) for each in view.parameters}
        if view is CHART:
            values["with"] = studies(settings)
        values[f"{view.key_name}s"] = list(keys(settings, view))
        for name, value in values.items():
            path = ("views", view.name, name)
            yield Entry(path, value, settings.origin(path))


def parameters(settings: Settings, view: AnyView, given: Mapping[str, Value]) -> Parameters:
    """Values of a view's parameters: those given, the settings', or the defaults. Raises ConfigError."""
    return {
        each.name: parameter(settings, view.name, each) if given.get(each.name) is None else given[each.name]
        for each in view.parameters
    }


def parameter(settings: Settings, view: str, wanted: AnyParameter) -> Value:
    """Value of a parameter: the setting, otherwise the default. Raises ConfigError for a wrong type."""
    value = settings.views.get(view, {}).get(wanted.name, wanted.default)
    if value is None and wanted.default is None:
        return None
    right: Value
    try:
        right = wanted.type(value)
    except (TypeError, ValueError, OverflowError):
        right = None
    if right is None or right != value or isinstance(value, bool):
        kind = _KINDS.get(wanted.type, "number")
        raise settings.wrong(("views", view, wanted.name), f"is {value!r}, should be a {kind}")
    return right


def keys(settings: Settings, view: AnyView) -> tuple[str, ...]:
    """Symbols or airlines set for a view. Raises ConfigError unless it is a list of names."""
    plural = f"{view.key_name}s"
    return tuple(_names(settings, view.name, plural, default=[], what=plural))


def studies(settings: Settings) -> Sequence[str]:
    """Default studies of a chart. Raises ConfigError unless it is a list of names."""
    return _names(settings, CHART.name, "with", default=["volume"], what="indicators")


def study_parameter(settings: Settings, study: Study, wanted: AnyParameter) -> Value:
    """Parameter of a study in a chart: as in its own window."""
    return parameter(settings, study.name, wanted)


def _keys_of(view: AnyView) -> list[str]:
    own = ["with"] if view is CHART else [each.name for each in view.parameters]
    return [*own, f"{view.key_name}s"]


def _names(settings: Settings, view: str, key: str, *, default: list[str], what: str) -> list[str]:
    value = settings.views.get(view, {}).get(key)
    if value is None:
        return default
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise settings.wrong(("views", view, key), f"is {value!r}, should be a list of {what}, each a text")
    return names


def _check_parameters(settings: Settings, view: AnyView) -> None:
    values = {each.name: parameter(settings, view.name, each) for each in view.parameters}
    error = _refusal(view, values)
    if error is None:
        return
    # An error names its parameter first; a window of several indicators may give it another name.
    first, _, rest = str(error).partition(" ")
    if first in settings.views[view.name]:
        raise settings.wrong(("views", view.name, first), rest)
    guilty = refused(view, {name: values[name] for name in settings.views[view.name] if name in values})
    raise settings.wrong(("views", view.name, *guilty[:1]), f"is wrong: {error}")


def refused(view: AnyView, values: Parameters) -> list[str]:
    """The parameters that a view refuses even if all others have their defaults."""
    defaults = {each.name: each.default for each in view.parameters}
    return [name for name, value in values.items() if _refusal(view, {**defaults, name: value})]


def _refusal(view: AnyView, parameters: Parameters) -> ValueError | None:
    try:
        view.fold(Selection(), parameters)
    except ValueError as error:
        return error
    return None


def _check_chart(settings: Settings) -> None:
    try:
        chart(parts(studies(settings), partial(study_parameter, settings)))
    except ValueError as error:
        raise settings.wrong(("views", CHART.name, "with"), f"is wrong: {error}") from error
