"""Engine: all rules over all series, and those about topics; its state depends only on the bars and the rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

import msgspec

from stockstream.alerts.evaluation.ruled_series import Head, RuledSeries, loaded_bars
from stockstream.alerts.evaluation.topic_rules import TopicRules
from stockstream.alerts.evaluation.watch import OpenHours
from stockstream.alerts.rule import Rule
from stockstream.alerts.watched_levels import Levels, LevelWatch
from stockstream.errors import StateError
from stockstream.intervals import parse
from stockstream.periods import following
from stockstream.records import Alert, Series
from stockstream.views.bar_batch import BarBatch
from stockstream.views.fold import Pages

VERSION: Final = 1
_LEVELS: Final = "levels"
KEEP: Final = 2_000
"""Bars of a series that can be corrected."""

Hours: TypeAlias = Callable[[str], OpenHours | None]
"""The hours of the exchange of a symbol; None where they are not known."""


class Meta(msgspec.Struct):
    """The part of a saved state that says of which rules it is."""

    version: int
    keep: int
    rules: list[tuple[str, str, list[str] | None, str | None]]


class Engine:
    """Evaluates rules over bars as they arrive.

    Parameters
    ----------
    rules
        The rules.
    hours
        The hours of exchanges.
    keep
        Bars of a series to hold at least, which can be corrected.
    levels
        The price levels that people watch; None for none.
    """

    def __init__(
        self, rules: Sequence[Rule], hours: Hours = lambda _: None, keep: int = KEEP, levels: Levels | None = None
    ) -> None:
        self._rules = [rule for rule in rules if not rule.of_topics]
        self._meta = Meta(
            VERSION, keep, [(r.name, r.when, None if r.symbols is None else sorted(r.symbols), r.feed) for r in rules]
        )
        self._level_names = frozenset(rule.name for rule in rules if rule.is_level)
        self._hours = hours
        self._keep = keep
        self._found: dict[tuple[str, str, str], RuledSeries | None] = {}
        self._unsaved: set[tuple[str, str, str]] = set()
        self._levels = LevelWatch(levels)
        self.topics = TopicRules([rule for rule in rules if rule.of_topics])

    @property
    def series(self) -> list[Series]:
        """The series with bars over which rules are evaluated, in the order in which they came."""
        return [each.series for each in self._found.values() if each is not None]

    def counts(self) -> Mapping[str, int]:
        """Number of corrections, and of bars that were too old to be corrected."""
        held = [each for each in self._found.values() if each is not None]
        counts = {
            "corrected": sum(each.corrections for each in held),
            "older than kept": sum(each.older for each in held),
        }
        return {name: count for name, count in counts.items() if count}

    def take(self, batches: Sequence[BarBatch], now: datetime) -> list[Alert]:
        """Take bars in the order of their arrival; returns what is raised and withdrawn, in order."""
        found: list[Alert] = []
        for batch in batches:
            key = batch.last.symbol, batch.last.interval, batch.last.feed
            if key in self._found:
                ruled = self._found[key]
            else:
                ruled = self._found[key] = self._made(Series(*key))
            if ruled is not None:
                self._unsaved.add(key)
                found += [alert for alert in ruled.take(batch, now) if not self._is_repeat(alert)]
            found += self._levels.take(batch, now)
        return found

    def _is_repeat(self, alert: Alert) -> bool:
        """Whether a price level is crossed at a bar, and shorter ones of the symbol tell of it.

        They do where they reach the end of that bar, or have told of it. Those that ended before tell of nothing.
        """
        if alert.rule not in self._level_names or alert.state != "raised":
            return False
        length, end = parse(alert.interval).seconds, following(alert.time, alert.interval)
        return any(
            ruled is not None
            and (symbol, feed) == (alert.symbol, alert.feed)
            and parse(interval).seconds < length
            and (ruled.end >= end or ruled.has_told(alert, end))
            for (symbol, interval, feed), ruled in self._found.items()
        )

    def _made(self, series: Series) -> RuledSeries | None:
        rules = [rule for rule in self._rules if rule.is_for(series)]
        return RuledSeries(series, rules, self._hours(series.symbol), self._keep) if rules else None

    def tick(self, now: datetime) -> list[Alert]:
        """The silences that are long enough by now; to be called when all bars so far were taken."""
        found: list[Alert] = []
        for key, ruled in self._found.items():
            came = [] if ruled is None else ruled.tick(now)
            if came:
                self._unsaved.add(key)
                found += came
        return found

    def pages(self, *, changed: bool = False) -> Pages:
        """The complete state for a checkpoint; or the changes since the last call."""
        encode = msgspec.msgpack.encode
        found: dict[str, bytes | None] = {} if changed else {"meta": encode(self._meta)}
        found |= {"topics": encode(self.topics.state()), _LEVELS: self._levels.state()}
        for number, (key, ruled) in enumerate(self._held()):
            if key in self._unsaved or not changed:
                for name, content in ruled.pages(changed=changed):
                    found[f"{number}/{name}"] = content
        self._unsaved.clear()
        return found

    def _held(self) -> list[tuple[tuple[str, str, str], RuledSeries]]:
        return [(key, ruled) for key, ruled in self._found.items() if ruled is not None]

    def restore(self, pages: Mapping[str, bytes]) -> None:
        """Go on from all `pages`. Raises StateError where they are damaged, or of other rules."""
        decode = msgspec.msgpack.decode
        try:
            meta = decode(pages.get("meta", b""), type=Meta)
            if meta != self._meta:
                raise StateError("the rules have changed")
            self.topics.restore(decode(pages["topics"]))
            if _LEVELS in pages:
                self._levels.restore(pages[_LEVELS])
            parts: defaultdict[int, dict[str, bytes]] = defaultdict(dict)
            for name, content in pages.items():
                number, slash, part = name.partition("/")
                if slash and number.isdecimal():
                    parts[int(number)][part] = content
            for _, found in sorted(parts.items()):
                self._take_up(found)
        except (msgspec.MsgspecError, KeyError) as error:
            raise StateError(f"a saved state of rules cannot be read: {error}") from error

    def _take_up(self, found: Mapping[str, bytes]) -> None:
        head = msgspec.msgpack.decode(found["head"], type=Head)
        rules = [rule for rule in self._rules if rule.is_for(head.series)]
        ruled = RuledSeries(head.series, rules, self._hours(head.series.symbol), self._keep, loaded_bars(head, found))
        ruled.restore(head, found)
        self._found[head.series.symbol, head.series.interval, head.series.feed] = ruled


def rule_names(pages: Mapping[str, bytes]) -> set[str]:
    """The names of the rules of a saved state. Raises StateError where it is damaged."""
    try:
        return {name for name, *_ in msgspec.msgpack.decode(pages.get("meta", b""), type=Meta).rules}
    except msgspec.MsgspecError as error:
        raise StateError(f"a saved state of rules cannot be read: {error}") from error
