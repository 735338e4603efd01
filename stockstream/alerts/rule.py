"""Rule: a name, what it means, and the symbols that it is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stockstream.alerts.language.meaning import Meaning, understand
from stockstream.alerts.language.terms import Silence
from stockstream.intervals import parse
from stockstream.periods import add_up
from stockstream.records import Series


@dataclass(frozen=True)
class Rule:
    """A rule of alerts.

    Attributes
    ----------
    name
        Its name, part of the ids of its alerts.
    meaning
        What it means.
    symbols
        The symbols that it is for; None for all.
    feed
        The feed of its bars; None for any.
    is_level
        Whether it is a price level: of several intervals of a symbol only the shortest counts.
    """

    name: str
    meaning: Meaning
    symbols: frozenset[str] | None = None
    feed: str | None = None
    is_level: bool = False

    @classmethod
    def of(cls, name: str, when: str, symbols: Sequence[str] | None = None, feed: str | None = None) -> Rule:
        """A rule of its text. Raises RuleError."""
        return cls(name, understand(when), None if symbols is None else frozenset(symbols), feed)

    @property
    def when(self) -> str:
        """The rule as it was written."""
        return self.meaning.when

    @property
    def of_topics(self) -> bool:
        """Whether it is about topics, and not about bars."""
        return self.meaning.of_topics

    @property
    def silence(self) -> bool:
        """Whether it is about bars that do not come."""
        return isinstance(self.meaning.condition, Silence)

    def is_for(self, series: Series) -> bool:
        """Whether it is evaluated over the bars of a series, or over longer ones made of them.

        >>> rule = Rule.of("high", "close > 180 interval 15m", ["AAPL"])
        >>> rule.is_for(Series("AAPL", "5m")), rule.is_for(Series("AAPL", "1h")), rule.is_for(Series("MSFT", "5m"))
        (True, False, False)

        A rule about bars that do not come is for bars that arrive. Where a rule names a time but no interval, it is for
        bars that are no longer than the time: longer ones cannot come so often, nor tell of a change over it.

        >>> for rule in (Rule.of("stale", "no bar for 5m"), Rule.of("jump", "change(5m) > 2%")):
        ...     print(rule.is_for(Series("AAPL", "5m")), rule.is_for(Series("AAPL", "1d")))
        True False
        True False
        """
        return (
            not self.of_topics
            and (self.symbols is None or series.symbol in self.symbols)
            and (self.feed is None or series.feed == self.feed)
            and self._is_over(series.interval)
        )

    def _is_over(self, interval: str) -> bool:
        wanted, span = self.meaning.interval, self.meaning.span
        if wanted is None:
            return span is None or parse(interval).seconds <= span
        return wanted == interval or (not self.silence and add_up(interval, wanted))


def wanted_symbols(rules: Sequence[Rule]) -> frozenset[str] | None:
    """The symbols whose bars the rules need; None for all."""
    of_bars = [rule.symbols for rule in rules if not rule.of_topics]
    named = [symbols for symbols in of_bars if symbols is not None]
    return frozenset().union(*named) if len(named) == len(of_bars) else None


def expanded(symbols: Sequence[str], groups: Mapping[str, Sequence[str]]) -> tuple[list[str] | None, str | None]:
    """Symbols with the groups among them replaced by what they hold, None for all; and the group that is none.

    >>> expanded(["@big", "IBM"], {"big": ["AAPL", "MSFT"]}), expanded([], {}), expanded(["@bug"], {})
    ((['AAPL', 'MSFT', 'IBM'], None), (None, None), ([], '@bug'))
    """
    found: list[str] = []
    for symbol in symbols:
        if not symbol.startswith("@"):
            found.append(symbol)
        elif symbol[1:] in groups:
            found += groups[symbol[1:]]
        else:
            return [], symbol
    return list(dict.fromkeys(found)) or None, None
