"""Sentiment bars: the scores of a symbol's headlines as a series, a bar for each period with headlines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

import msgspec

from stockstream.periods import following, opening
from stockstream.records import READINGS, SENTIMENT, Bar, News, Series

UNIT: Final = "sentiment"
SOURCE: Final = "news"


class SentimentBars:
    """Makes bars of scored headlines, in any order: open of the first, high, low, and the mean as the close.

    The volume is the number of headlines. A late one changes the bar of its period, which is given again with the next
    revision. No bar is made for a period without headlines. A bar that was made of more headlines than are known keeps
    its values: the topic has lost some of them to its retention.

    Parameters
    ----------
    interval
        That of the bars.
    held
        The bars that the topic holds, by series and time: they are given again only if they differ.
    """

    def __init__(self, interval: str, held: Mapping[Series, Mapping[datetime, Bar]] | None = None) -> None:
        self._interval = interval
        self._scores: dict[tuple[str, datetime], list[tuple[datetime, str, float]]] = {}
        self._given = {bar.series: dict(bars) for bars in (held or {}).values() for bar in bars.values()}
        self._touched: set[tuple[str, datetime]] = set()
        self._open: set[tuple[str, datetime]] = set()

    def take(self, news: Iterable[News]) -> None:
        """Take headlines; those without a score are left out."""
        for each in news:
            if each.sentiment is not None:
                place = each.symbol, opening(each.time, self._interval)
                self._scores.setdefault(place, []).append((each.time, each.id, each.sentiment))
                self._touched.add(place)

    def bars(self, now: datetime) -> Iterator[Bar]:
        """The bars that are new or changed, by time; a bar of a present period is forming."""
        over = {place for place in self._open if following(place[1], self._interval) <= now}
        places, self._touched = self._touched | over, set()
        self._open -= over
        for place in sorted(places, key=lambda place: (place[1], place[0])):
            bar = self._bar(place, now)
            if not bar.final:
                self._open.add(place)
            given = self._given.setdefault(bar.series, {})
            former = given.get(bar.time)
            if former is not None:
                if (bar.volume or 0.0) < (former.volume or 0.0):
                    bar = msgspec.structs.replace(former, final=bar.final)
                bar = msgspec.structs.replace(bar, revision=former.revision)
                if bar == former:
                    continue
                bar = msgspec.structs.replace(bar, revision=former.revision + 1)
            given[bar.time] = bar
            yield bar

    def _bar(self, place: tuple[str, datetime], now: datetime) -> Bar:
        symbol, time = place
        scores = [score for *_, score in sorted(self._scores[place])]
        # The mean of equal numbers may differ from them in the last digit: a close lies within low and high.
        mean = min(max(sum(scores) / len(scores), min(scores)), max(scores))
        return Bar(
            symbol=f"{symbol}{SENTIMENT}", interval=self._interval, feed=READINGS, time=time, open=scores[0],
            high=max(scores), low=min(scores), close=mean, volume=float(len(scores)), unit=UNIT, source=SOURCE,
            final=following(time, self._interval) <= now,
        )  # fmt: skip
