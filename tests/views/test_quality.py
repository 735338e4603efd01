"""The quality report of each series."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from stockstream.indicators.trading_hours import trading_hours
from stockstream.records import Bar, Series
from stockstream.views.quality import Quality, freshness, holes

START = datetime(2026, 3, 19, 14, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def bar(number: int, close: float = 1.0, **changes: object) -> Bar:
    time = START + number * MINUTE
    made = Bar(symbol="AAPL", interval="1m", time=time, high=9.0, low=0.5, close=close, currency="USD", source="test")
    return msgspec.structs.replace(made, **changes)


def found(bars: list[Bar], calendar: str | None = None) -> Quality:
    quality = Quality()
    for each in bars:
        quality.add(each)
    quality.report(lambda *_: None if calendar is None else trading_hours(calendar).trades_at)
    return quality


def test_repeats_corrections_and_flags_are_distinguished() -> None:
    bars = [bar(0), bar(0), bar(0, revision=1), bar(0, 2.0, revision=1), bar(1, final=False), bar(1, 3.0, final=False)]
    bars += [bar(1, 4.0), bar(2, flags=("impossible:open,low", "partial")), bar(3, currency="EUR")]
    quality = found(bars)
    (one,) = quality.report(lambda *_: None)
    assert (one.messages, one.bars, one.repeats, one.revisions, one.missing) == (9, 4, 2, 1, None)
    assert one.flags == {"impossible:open": 1, "impossible:low": 1, "partial": 1}
    assert (one.first, one.last, one.forming) == (START, START + 3 * MINUTE, False)
    assert one.reasons()[:4] == ["duplicates", "revisions", "flags", "currency"]
    assert freshness(one, START + 10 * MINUTE) == 6 * MINUTE


def test_a_flag_that_a_correction_takes_back_does_not_count() -> None:
    quality = found([bar(0, flags=("jump",)), bar(0, 2.0)])
    (one,) = quality.report(lambda *_: None)
    assert not one.flags


def test_gaps_are_judged_by_the_calendar_alone() -> None:
    friday = [datetime(2026, 3, 20, 19, 58, tzinfo=UTC), datetime(2026, 3, 20, 19, 59, tzinfo=UTC)]
    monday = [datetime(2026, 3, 23, 13, 30, tzinfo=UTC), datetime(2026, 3, 23, 13, 33, tzinfo=UTC)]
    trades_at = trading_hours("XNYS").trades_at
    assert list(holes([*friday, *monday], "1m", trades_at)) == [(monday[0] + MINUTE, 2)]
    (whole,) = found([bar(0), bar(5)], "24/7").report(lambda *_: trading_hours("24/7").trades_at)
    assert (whole.missing, whole.holes) == (4, [(START + MINUTE, 4)])
    (unjudged,) = found([bar(0), bar(5)]).report(lambda *_: None)
    assert (unjudged.missing, unjudged.reasons()) == (None, [])


def test_days_are_judged_by_sessions() -> None:
    days = [datetime(2026, 7, day, tzinfo=UTC) for day in (1, 2, 6, 8)]  # the 3rd is a holiday, the 4th a Saturday
    assert list(holes(days, "1d", trading_hours("XNYS").has_session)) == [(datetime(2026, 7, 7, tzinfo=UTC), 1)]


def test_pauses_and_half_days_are_no_gaps() -> None:
    tokyo = trading_hours("XTKS").trades_at
    assert not tokyo(datetime(2026, 3, 19, 3, 0, tzinfo=UTC)), "the break at noon"
    assert tokyo(datetime(2026, 3, 19, 4, 0, tzinfo=UTC))
    new_york = trading_hours("XNYS").trades_at
    assert not new_york(datetime(2026, 11, 27, 19, 0, tzinfo=UTC)), "it closes at 18:00Z on the day after Thanksgiving"


def test_an_unknown_calendar_is_reported() -> None:
    with pytest.raises(ValueError, match="such as XNYS, not 'NYSE2'"):
        trading_hours("NYSE2")


def test_what_merely_happened_is_no_fault() -> None:
    (one,) = found([bar(0, flags=("split:4", "extended"))]).report(lambda *_: None)
    assert one.flags == {"split": 1, "extended": 1}
    assert one.reasons() == []


def test_series_are_listed_by_name() -> None:
    quality = found([bar(0, symbol="MSFT"), bar(0), bar(0, feed="simulated")])
    assert [each.series for each in quality.report(lambda *_: None)] == [
        Series("AAPL", "1m"),
        Series("AAPL", "1m", "simulated"),
        Series("MSFT", "1m"),
    ]
