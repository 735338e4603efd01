"""Catalog of indicators, models included: name, parameters and documentation of each, found by import."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Final, Generic, TypeAlias, TypeVar

from stockstream import plugins
from stockstream.indicators.base import AnyIndicator, Indicator
from stockstream.plugins import Offer, Plugins

T = TypeVar("T")

AnyKind = type[AnyIndicator]

PACKAGES: Final = ("stockstream.indicators", "stockstream.models")
"""The packages whose exported indicators are in the catalog. Those of a layer above are found by name: a model is an
indicator, and has a window, SQL and alerts through this catalog alone.
"""

_OF_BARS: Final = {"open", "high", "low", "close", "volume", "time", "tz"}

_TYPES: Final[Mapping[str, type[Any]]] = {"int": int, "float": float, "str": str, "bool": bool}

_HEADING: Final = re.compile(r"^(\w[\w ]*)\n-{3,}$", re.MULTILINE)
_FORMULA: Final = re.compile(r"^::\n\n((?:(?: +.*)?\n)+)", re.MULTILINE)
_SOURCE: Final = re.compile(r"Source: (.+?\(\d{4}\)|[^.]+\.)", re.DOTALL)


@dataclass(frozen=True)
class Parameter(Generic[T]):
    """A parameter of an indicator or a view: its name, type and default, and a line of help.

    A default of None can only be selected by leaving the parameter out.
    """

    name: str
    type: type[T]
    default: T | None
    help: str

    @property
    def default_text(self) -> str:
        """The default as text, as a user would write it.

        >>> Parameter("width", float, 2.0, "Deviations to each band.").default_text
        '2'
        """
        if self.default is None:
            return "none"
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)


AnyParameter: TypeAlias = Parameter[Any]
"""One of some type: int, float, str or bool."""


@dataclass(frozen=True)
class Description:
    """Description of an indicator, from its class and docstring, as plain text.

    ``paragraphs`` is all prose between the summary and the parameters; ``source`` the work that the formula is from,
    empty where none is named; ``units`` says what the fields mean; ``lookback`` counts the bars before the first
    point, at the default parameters.
    """

    name: str
    kind: AnyKind
    summary: str
    formula: str
    paragraphs: tuple[str, ...]
    source: str
    inputs: tuple[str, ...]
    fields: tuple[str, ...]
    units: str
    parameters: tuple[AnyParameter, ...]
    lookback: int
    example: str


def catalog() -> Mapping[str, AnyKind]:
    """The indicators of the package, its models, and those of plug-ins, sorted by name; without composed ones."""
    return _catalog(plugins.current())


@cache
def _catalog(plugged: Plugins) -> Mapping[str, AnyKind]:
    exported = [thing for package in PACKAGES for thing in vars(import_module(package)).values()]
    kinds = [thing for thing in exported if inspect.isclass(thing) and issubclass(thing, Indicator)]
    found = {kind.name: kind for kind in filter(_stands_alone, kinds)}
    for offer in plugged.offers(plugins.INDICATORS):
        kind = _offered(plugged, offer)
        if kind is None:
            continue
        if kind.name in found:
            plugged.refuse(offer, f"there is an indicator {kind.name} already: give it another name")
        else:
            found[kind.name] = kind
    return dict(sorted(found.items()))


def _offered(plugged: Plugins, offer: Offer) -> AnyKind | None:
    """The indicator that a plug-in offers; None, recorded where it should be one, for what is none that can be used."""
    thing = offer.thing
    if not inspect.isclass(thing) or not issubclass(thing, Indicator) or inspect.isabstract(thing):
        if offer.group is not None:
            plugged.refuse(offer, "it is not a subclass of stockstream.indicators.Indicator")
        return None
    try:
        for name in ("name", "inputs", "point"):
            if not hasattr(thing, name):
                raise TypeError(f"the class has no {name}")
        describe(thing)
    except Exception as error:  # noqa: BLE001 - others' code
        plugged.refuse(offer, f"{type(error).__name__}: {error}")
        return None
    return thing


def of_bars(kind: AnyKind) -> bool:
    """Whether it reads only bars, so that it can be drawn over or below their prices."""
    return _OF_BARS.issuperset(kind.inputs)


def _stands_alone(kind: AnyKind) -> bool:
    """Whether it can be made without required arguments."""
    return hasattr(kind, "name") and all(
        parameter.default is not parameter.empty for parameter in inspect.signature(kind).parameters.values()
    )


def parameters_of(kind: AnyKind) -> tuple[AnyParameter, ...]:
    """The parameters of an indicator: from its ``__init__``, with the help of its docstring."""
    helps = _items(_sections(kind).get("Parameters", ""))
    return tuple(
        Parameter(name, _type(parameter), parameter.default, helps.get(name, ""))
        for name, parameter in inspect.signature(kind).parameters.items()
    )


def _type(parameter: inspect.Parameter) -> type[Any]:
    """The type of a parameter, without an optional None."""
    kind = parameter.annotation
    named = getattr(kind, "__name__", str(kind)).partition("|")[0].strip()
    if named not in _TYPES:
        raise TypeError(f"parameter {parameter.name} is annotated {named}: it can be {', '.join(_TYPES)}")
    return _TYPES[named]


def describe(kind: AnyKind) -> Description:
    """The description of an indicator from its class and docstring."""
    sections = _sections(kind)
    opening = sections[""]
    formula = _FORMULA.search(opening + "\n")
    prose = _FORMULA.sub("", opening + "\n")
    summary, *paragraphs = [_plain(part) for part in re.split(r"\n{2,}", prose) if part.strip()] or [""]
    source = _SOURCE.search("\n".join(paragraphs))
    return Description(
        name=kind.name,
        kind=kind,
        summary=summary,
        formula=inspect.cleandoc(formula[1]).replace("`", "") if formula else "",
        paragraphs=tuple(paragraphs),
        source=source[1].rstrip(".") if source else "",
        inputs=kind.inputs,
        fields=kind.fields,
        units=_plain(inspect.getdoc(kind.point) or ""),
        parameters=parameters_of(kind),
        lookback=kind().lookback,
        example=sections.get("Examples", ""),
    )


def _sections(kind: AnyKind) -> Mapping[str, str]:
    """The docstring by its headings; the text before the first one has an empty heading."""
    opening, *parts = _HEADING.split(inspect.getdoc(kind) or "")
    return {"": opening.strip("\n")} | {
        heading: text.strip("\n") for heading, text in zip(parts[::2], parts[1::2], strict=True)
    }


def _items(section: str) -> dict[str, str]:
    """The entries of a numpydoc section: names at the margin, text beneath them."""
    entries = re.findall(r"^(\w[\w, ]*)(?: : .*)?\n((?:(?: +.*)?(?:\n|\Z))+)", section, re.MULTILINE)
    return {name: _plain(text) for names, text in entries for name in names.split(", ")}


def _plain(text: str) -> str:
    """Prose on one line, without the marks of reStructuredText."""
    return " ".join(text.replace("`", "").split())
