"""Conversion of Yahoo's charts (v8, JSON) to a source's reply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from stockstream.periods import intraday, opening
from stockstream.producers.bar_source import Dividend, Reply, Row, Session, Split
from stockstream.records import CLOSING, EXTENDED

HALF_HOUR: Final = "30m"
QUARTER: Final = "15m"
"""Interval from which bars of 30m are made, because Yahoo's own are sometimes those of 1h."""

_ALL_DAY: Final = timedelta(hours=23)
"""Maximum length of a session; longer hours mean a market without sessions."""

_MINUTE: Final = timedelta(minutes=1)


class _Period(msgspec.Struct):
    start: int
    end: int

    @property
    def session(self) -> Session:
        return Session(datetime.fromtimestamp(self.start, UTC), datetime.fromtimestamp(self.end, UTC))


class _Current(msgspec.Struct):
    regular: _Period | None = None


class _Meta(msgspec.Struct, rename="camel"):
    """``trading_periods`` are those of each day, named where Yahoo was asked for extended hours."""

    exchange_timezone_name: str
    currency: str | None = None
    current_trading_period: _Current | None = None
    trading_periods: list[list[_Period]] | dict[str, list[list[_Period]]] | None = None


_Numbers = list[float | None]


class _Quote(msgspec.Struct):
    open: _Numbers = []
    high: _Numbers = []
    low: _Numbers = []
    close: _Numbers = []
    volume: _Numbers = []


class _Adjusted(msgspec.Struct):
    adjclose: _Numbers = []


class _Indicators(msgspec.Struct):
    quote: list[_Quote] = []
    adjclose: list[_Adjusted] = []


class _Split(msgspec.Struct):
    date: int
    numerator: float
    denominator: float


class _Dividend(msgspec.Struct):
    date: int
    amount: float


class _Events(msgspec.Struct):
    splits: dict[str, _Split] = {}
    dividends: dict[str, _Dividend] = {}


class _Result(msgspec.Struct):
    meta: _Meta
    timestamp: list[int] = []
    indicators: _Indicators = msgspec.field(default_factory=_Indicators)
    events: _Events = msgspec.field(default_factory=_Events)


class _Chart(msgspec.Struct):
    result: list[_Result] | None = None


class _Answer(msgspec.Struct):
    chart: _Chart


_DECODER: Final = msgspec.json.Decoder(_Answer)


def read_chart(content: bytes, interval: str, *, extended: bool = False) -> Reply:
    """Make a reply of a chart.

    Parameters
    ----------
    content
        Yahoo's, as it came.
    interval
        How long a bar is; for 30m the chart is one of 15m.
    extended
        Whether bars outside of regular hours are wanted; they are marked. The row at a session's end, which holds the
        closing auction, is kept, and marked.

    Raises
    ------
    msgspec.MsgspecError, LookupError, ValueError
        The chart cannot be read.
    """
    results = _DECODER.decode(content).chart.result
    if not results:
        return Reply()
    result = results[0]
    zone = ZoneInfo(result.meta.exchange_timezone_name)
    hours = _Hours(result.meta)
    if intraday(interval):
        rows = hours.kept(_rows(result), extended=extended)
        if interval == HALF_HOUR:
            rows = hours.halves(rows)
    else:
        rows = _whole_days(_dated(_rows(result), zone), interval)
    events = result.events

    def moment(stamp: int) -> datetime:
        time = datetime.fromtimestamp(stamp, UTC)
        return time if intraday(interval) else _date(time, zone)

    return Reply(
        tuple(rows),
        zone=zone,
        currency=result.meta.currency,
        session=hours.today,
        splits=tuple(
            Split(moment(each.date), each.numerator / each.denominator)
            for each in sorted(events.splits.values(), key=lambda each: each.date)
            if each.denominator
        ),
        dividends=tuple(
            Dividend(moment(each.date), each.amount)
            for each in sorted(events.dividends.values(), key=lambda each: each.date)
        ),
    )


def _rows(result: _Result) -> Iterator[Row]:
    """The rows of the chart, by time. A list that is shorter than the others lacks its last numbers."""
    count = len(result.timestamp)

    def column(numbers: _Numbers) -> _Numbers:
        return numbers + [None] * (count - len(numbers))

    quote = result.indicators.quote[0] if result.indicators.quote else _Quote()
    adjusted = result.indicators.adjclose[0].adjclose if result.indicators.adjclose else []
    columns = (quote.open, quote.high, quote.low, quote.close, quote.volume, adjusted)
    for stamp, *numbers in zip(result.timestamp, *map(column, columns), strict=True):
        yield Row(datetime.fromtimestamp(stamp, UTC), *numbers)


def _date(time: datetime, zone: ZoneInfo) -> datetime:
    local = time.astimezone(zone)
    return datetime(local.year, local.month, local.day, tzinfo=UTC)


def _dated(rows: Iterable[Row], zone: ZoneInfo) -> Iterator[Row]:
    for row in rows:
        yield row._replace(time=_date(row.time, zone))


def _whole_days(rows: Iterable[Row], interval: str) -> list[Row]:
    """Rows from a day on. Yahoo's separate row of the present day is merged into its period."""
    given = [*rows]
    if not given:
        return []
    *before, last = given
    if not before or opening(before[-1].time, interval) != opening(last.time, interval):
        return [*before, last]
    if interval == "1d":
        return [*before[:-1], last if last.close is not None else before[-1]]
    return [*before[:-1], _joined([before[-1], last])]


def _joined(parts: Sequence[Row]) -> Row:
    """One bar of the parts of its period; those without prices count for nothing."""
    priced = [each for each in parts if each.close is not None] or list(parts)
    highs = [each.high for each in priced if each.high is not None]
    lows = [each.low for each in priced if each.low is not None]
    volumes = [each.volume for each in priced if each.volume is not None]
    return Row(
        parts[0].time,
        priced[0].open,
        max(highs, default=None),
        min(lows, default=None),
        priced[-1].close,
        sum(volumes) if volumes else None,
        priced[-1].adj_close,
        tuple(dict.fromkeys(flag for each in priced for flag in each.flags)),
    )


class _Hours:
    """The regular hours of the days of a chart."""

    def __init__(self, meta: _Meta) -> None:
        periods = meta.trading_periods or []
        days = periods.get("regular", []) if isinstance(periods, dict) else periods
        current = meta.current_trading_period.regular if meta.current_trading_period else None
        every = [each for day in days for each in day] + ([current] if current else [])
        sessions = [each.session for each in every if each.start < each.end]
        self.today = current.session if current and current.start < current.end else None
        self._zone = ZoneInfo(meta.exchange_timezone_name)
        self._by_day = {self._day(each.start): each for each in sessions}
        self._all_day = any(each.end - each.start >= _ALL_DAY for each in sessions)

    def kept(self, rows: Iterable[Row], *, extended: bool) -> list[Row]:
        """The rows that are wanted, marked where they lie outside of the hours; of other days nothing is known."""
        if self._all_day:
            return list(rows)
        return [marked for row in rows if (marked := self._marked(row, extended=extended)) is not None]

    def _marked(self, row: Row, *, extended: bool) -> Row | None:
        session = self._session(row.time)
        if session is None or session.start <= row.time < session.end:
            return row
        if extended:
            return row._replace(flags=(EXTENDED,))
        # A session's row at its end is the closing auction's; without prices it is nothing.
        if timedelta() <= row.time - session.end < _MINUTE and row.close is not None:
            return row._replace(time=session.end, flags=(CLOSING,))
        return None

    def _session(self, time: datetime) -> Session | None:
        """The session of the day of an instant, if the chart contains it."""
        return self._by_day.get(self._day(time))

    def _day(self, time: datetime) -> date:
        return time.astimezone(self._zone).date()

    def halves(self, rows: Iterable[Row]) -> list[Row]:
        """Bars of 30m, counted from each session's beginning, of bars of 15m."""
        parts: dict[datetime, list[Row]] = {}
        for row in rows:
            session = self._session(row.time)
            begins = opening(row.time, HALF_HOUR, session.start) if session else opening(row.time, HALF_HOUR)
            if session and CLOSING in row.flags:
                begins = row.time
            parts.setdefault(begins, []).append(row)
        return [_joined([each[0]._replace(time=time), *each[1:]]) for time, each in parts.items()]
