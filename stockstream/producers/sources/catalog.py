"""Sources by name: the package's own, and those of plug-ins."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Final

from stockstream import plugins
from stockstream.plugins import Plugins
from stockstream.producers.bar_source import About, BarSource, Setup

Maker = Callable[[Setup], BarSource]

_OWN: Final = (
    "stockstream.producers.sources.yahoo:Yahoo",
    "stockstream.producers.sources.binance:Binance",
    "stockstream.producers.sources.coinbase:Coinbase",
    "stockstream.producers.sources.alpha_vantage:AlphaVantage",
)
"""A source is a file and a line here."""

_RESERVED: Final = frozenset({"csv", "flights", "http", "market", "mqtt", "news", "readings", "simulated", "stdin"})
"""Names of other commands of ``produce``."""


@dataclass(frozen=True)
class Source:
    """A usable source: its description, its constructor, and its plug-in (empty for the package)."""

    about: About
    make: Maker
    origin: str = ""


def sources() -> Mapping[str, Source]:
    """All sources by name: the package's own, then those of plug-ins, which record unusable ones."""
    return _sources(plugins.current())


@cache
def _sources(plugged: Plugins) -> Mapping[str, Source]:
    named: dict[str, Source] = {}
    for place in _OWN:
        module, _, name = place.partition(":")
        own = getattr(import_module(module), name)
        named[own.about.name] = Source(own.about, own)
    for offer in plugged.offers(plugins.SOURCES):
        kind: Any = offer.thing
        about = getattr(kind, "about", None)
        if not isinstance(about, About) or not inspect.isclass(offer.thing):
            if offer.group is not None:
                plugged.refuse(offer, "it is not a class with an `about` (stockstream.producers.bar_source.About)")
        elif problem := _problem(kind, about, named):
            plugged.refuse(offer, problem)
        else:
            named[about.name] = Source(about, kind, offer.origin)
    return named


def _problem(kind: type, about: About, named: Mapping[str, Source]) -> str:
    """Reason why a source is unusable; empty if it is usable."""
    missing = [name for name in ("history", "live", "reach", "doing") if not callable(getattr(kind, name, None))]
    if missing:
        return f"it has no {', '.join(missing)}: derive it from stockstream.producers.bar_source.BarSource"
    if about.name in _RESERVED or about.name in named:
        return f"there is a source {about.name} already: give it another name"
    if not about.intervals or about.interval not in about.intervals:
        return f"its intervals should hold {about.interval}, which it has unless the user says"
    return ""
