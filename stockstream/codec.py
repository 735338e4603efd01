"""Encoding and decoding of records as JSON, one object a record; checks every record for every reader.

A bar has prices that are JSON's numbers within 1e100, a time with an offset in the years `FIRST_YEAR` to `LAST_YEAR`
(what 64 bits of nanoseconds hold), and an interval of `stockstream.intervals`. It is decoded to UTC; a
zone that this machine does not know is taken for none, which is shown in UTC. The same holds for the times, the
interval and the zone of an alert, and for the time of a headline. The rest is said by the types of
`stockstream.records`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from stockstream.intervals import is_interval, parse
from stockstream.records import FIRST_YEAR, LAST_YEAR, Alert, Candle, News

R = TypeVar("R")
C = TypeVar("C", bound=Candle)

_FIRST: Final = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
_END: Final = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)
_UTC: Final = {UTC}

_time_of = attrgetter("time")
_offset_of = attrgetter("tzinfo")
_interval_of = attrgetter("interval")
_zone_of = attrgetter("tz")

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
"""What JSON holds."""

encode = msgspec.json.Encoder().encode


class Unreadable(ValueError):
    """Bytes that are no record: says why."""


class Decoder(Generic[R]):
    """From bytes to records of a type.

    Parameters
    ----------
    record
        `Bar`, `Flight`, or a type with fewer of the latter's fields.
    """

    def __init__(self, record: type[R]) -> None:
        self._decode = cast("Callable[[bytes | None], R]", msgspec.json.Decoder(record).decode)
        self._check: Callable[[list[Any]], list[Any]] | None = None
        if issubclass(record, Candle):
            self._check = _checked
        elif issubclass(record, Alert):
            self._check = _checked_alerts
        elif issubclass(record, News):
            self._check = _checked_news

    def __call__(self, value: bytes | None) -> R:
        """The record of some bytes. Raises `Unreadable`, whatever they do to the decoder."""
        if value is None:
            raise Unreadable("the message has no value")
        (record,) = self.many((value,))
        return record

    def many(self, values: Iterable[bytes | None]) -> list[R]:
        """The records of many, at a fraction of the cost. Raises `Unreadable` where any of them is none."""
        try:
            # A map over the C method: at a million messages a second a loop in Python is what costs most.
            records = list(map(self._decode, values))
            return records if self._check is None else self._check(records)
        except Exception as error:
            raise Unreadable(str(error) or type(error).__name__) from error


def _checked(bars: list[C]) -> list[C]:
    """The bars in UTC and of zones that are known. Raises ValueError for one that is none."""
    if not bars:
        return bars
    times = list(map(_time_of, bars))
    if (
        min(times) >= _FIRST
        and max(times) < _END
        and set(map(_offset_of, times)) == _UTC
        and all(map(is_interval, set(map(_interval_of, bars))))
        and all(map(_is_known, set(map(_zone_of, bars))))
    ):
        return bars
    return list(map(_one_checked, bars))


def _one_checked(bar: C) -> C:
    parse(bar.interval)
    changes: dict[str, object] = {"time": _utc(bar.time)} if _unsettled(bar.time) else {}
    if not _is_known(bar.tz):
        changes["tz"] = None
    return msgspec.structs.replace(bar, **changes) if changes else bar


def _checked_alerts(alerts: list[Alert]) -> list[Alert]:
    """The alerts in UTC and of zones that are known. Raises ValueError for one that is none."""
    return list(map(_checked_alert, alerts))


def _checked_alert(alert: Alert) -> Alert:
    for interval in filter(None, (alert.interval, alert.of)):
        parse(interval)
    moments = {"time": alert.time, "at": alert.at, "until": alert.until}
    changes: dict[str, object] = {name: _utc(each) for name, each in moments.items() if each and _unsettled(each)}
    if not _is_known(alert.tz):
        changes["tz"] = None
    return msgspec.structs.replace(alert, **changes) if changes else alert


def _checked_news(headlines: list[News]) -> list[News]:
    """The headlines in UTC. Raises ValueError for one that is none."""
    return [
        msgspec.structs.replace(each, time=_utc(each.time)) if _unsettled(each.time) else each for each in headlines
    ]


def _unsettled(time: datetime) -> bool:
    return time.tzinfo is not UTC or not _FIRST <= time < _END


def _utc(time: datetime) -> datetime:
    if not _FIRST <= time < _END:
        raise ValueError(f"the time {time.isoformat()} is not in the years {FIRST_YEAR} to {LAST_YEAR}")
    return time.astimezone(UTC)


@lru_cache(maxsize=1_024)
def _is_known(zone: str | None) -> bool:
    try:
        return zone is None or bool(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
