"""Sinks by name: the package's own, and those of plug-ins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Final

from stockstream import plugins
from stockstream.alerts.sinks.sink import SETTING, Setup, Sink
from stockstream.errors import ConfigError, StockstreamError
from stockstream.names import unknown

Maker = Callable[[Setup], Sink]

_OWN: Final[Mapping[str, str]] = {
    "terminal": "stockstream.alerts.sinks.terminal:Terminal",
    "webhook": "stockstream.alerts.sinks.webhook:Webhook",
    "email": "stockstream.alerts.sinks.email:Email",
    "desktop": "stockstream.alerts.sinks.desktop:Desktop",
    "apprise": "stockstream.alerts.sinks.apprise_url:AppriseUrl",
}
"""A sink is a file and a line here. It is imported only where it is used."""

KIND: Final = "kind"
"""The option by which a sink of another name says what it is: ``ops: {kind: webhook, url: ...}``."""


def kinds() -> dict[str, Callable[[], Maker]]:
    """How to get each kind of sink; those of plug-ins, which record unusable ones, do not replace ours."""
    found: dict[str, Callable[[], Maker]] = {name: _loader(place) for name, place in _OWN.items()}
    plugged = plugins.current()
    for offer in plugged.offers(plugins.ALERT_SINKS):
        thing: object = offer.thing
        if offer.group is None and not callable(getattr(thing, "send", None)):
            continue  # something else of the user's own file
        if not callable(thing):
            plugged.refuse(offer, "it is not a class or function that makes a sink of a Setup")
        elif offer.name.lower() in found:
            plugged.refuse(offer, f"there is an alert sink {offer.name.lower()} already: give it another name")
        else:
            found[offer.name.lower()] = lambda thing=thing: thing  # type: ignore[misc]
    return found


def make_sinks(
    names: Sequence[str], options: Mapping[str, Mapping[str, object]], write: Callable[[str], None]
) -> dict[str, Sink]:
    """The sinks of the settings, by name.

    Parameters
    ----------
    names, options
        ``alerts.sinks`` and ``alerts.sink_options``.
    write
        Prints a line for the user.

    Raises
    ------
    ConfigError
        A sink does not exist, or its options or secrets are wrong.
    """
    known = kinds()
    return {name: _made(name, dict(options.get(name, {})), known, write) for name in dict.fromkeys(names)}


def _made(
    name: str, options: dict[str, object], known: Mapping[str, Callable[[], Maker]], write: Callable[[str], None]
) -> Sink:
    kind = str(options.pop(KIND, name))
    if kind not in known:
        where = f"{SETTING}.{name}.{KIND}" if kind != name else "alerts.sinks"
        raise ConfigError(f"{where}: {unknown('alert sink', kind, known)}")
    try:
        sink = known[kind]()(Setup(name, options, write))
    except StockstreamError:
        raise
    except Exception as error:
        if kind in _OWN:
            raise
        # It is others' code, and its error may quote a secret.
        raise ConfigError(f"the alert sink {name} cannot be made: {type(error).__name__}") from error
    if not callable(getattr(sink, "send", None)):
        raise ConfigError(f"the alert sink {name} has no method send")
    return sink


def _loader(place: str) -> Callable[[], Maker]:
    module, _, name = place.partition(":")

    def load() -> Maker:
        maker: Maker = getattr(import_module(module), name)
        return maker

    return load
