"""Rules of the settings, checked; errors name the file and the line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from stockstream.alerts.alert import level_name, plain
from stockstream.alerts.rule import Rule, expanded
from stockstream.config import Settings
from stockstream.errors import ConfigError, RuleError
from stockstream.names import listed, nearest

_RULES: Final = ("alerts", "rules")


def rules_of(settings: Settings, note: Callable[[str], None] = lambda _: None) -> list[Rule]:
    """The rules of the settings. Raises ConfigError, after ``note`` has got a rule that is wrong, with the place."""
    found: dict[str, Rule] = {}
    for number, each in enumerate(settings.alerts.rules):
        if each.name in found:
            raise settings.wrong((*_RULES, str(number), "name"), f"is {each.name}, as that of another rule")
        symbols = symbols_of(settings, each.symbols, (*_RULES, str(number), "symbols"))
        try:
            found[each.name] = Rule.of(each.name, each.when, symbols, each.feed)
        except RuleError as error:
            note(error.excerpt)
            path = *_RULES, str(number), "when"
            raise settings.wrong(path, f"of {each.name} cannot be understood: {error.message}") from None
    return [*found.values(), *(each for each in level_rules(settings) if each.name not in found)]


def level_rules(settings: Settings) -> list[Rule]:
    """The price levels of the section window as rules: one for each level of a symbol, at once as in a window.

    >>> [rule.when for rule in level_rules(Settings(window={"alerts": {"AAPL": [180, -2.5]}, "alert_band": 0.1}))]
    ['close crosses 180 band 0.1% on forming', 'close crosses -2.5 band 0.1% on forming']
    """
    window = settings.window
    band = f" band {plain(window.alert_band)}%" if window.alert_band else ""
    return [
        replace(
            Rule.of(level_name(symbol, value), f"close crosses {plain(value)}{band} on forming", [symbol]),
            is_level=True,
        )
        for symbol, values in window.alerts.items()
        for value in dict.fromkeys(values)
    ]


def symbols_of(settings: Settings, symbols: Sequence[str], path: tuple[str, ...]) -> list[str] | None:
    """Symbols with groups replaced by what they hold; None for all. Raises ConfigError for an unknown group."""
    groups = settings.alerts.groups
    found, wrong = expanded(symbols, groups)
    if wrong is None:
        return found
    near = nearest(wrong[1:], groups)
    there = f"did you mean @{near}?" if near else f"there are {listed(sorted(groups))}" if groups else "there are none"
    message = f"names the group {wrong}, which alerts.groups does not have: {there}"
    raise settings.wrong(path, message) if path else ConfigError(f"--symbols {message}")
