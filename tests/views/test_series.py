"""The fold of bars."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from stockstream.errors import StateError
from stockstream.indicators.bollinger import Bollinger
from stockstream.views.fold import Selection
from stockstream.views.series import SeriesFold
from tests.views.bars import bar, restorable, walk

make = SeriesFold.of(Bollinger)


def fold_of(*symbols: str, interval: str | None = None, feed: str | None = None) -> SeriesFold:
    fold = make(Selection(symbols, interval, feed), {"period": 5, "width": 2.0})
    assert isinstance(fold, SeriesFold)
    return fold


def test_symbols_are_kept_apart_and_in_the_order_asked_for() -> None:
    fold = fold_of("MSFT", "AAPL", "IBM")
    mixed = [
        each for pair in zip(walk(9, 1, "AAPL"), walk(9, 2, "MSFT"), walk(9, 3, "GOOG"), strict=True) for each in pair
    ]
    assert fold.apply(mixed)
    assert fold.keys() == ["MSFT", "AAPL"]
    assert fold.missing() == ["IBM"]
    assert fold.frame("AAPL")["close"].tolist() == [each.close for each in walk(9, 1, "AAPL")]
    assert fold.identity("AAPL").title == "AAPL 1m"
    assert fold.latest() == np.datetime64("2026-03-02T14:38:00", "us")
    assert fold.identity("AAPL").ambiguity is None
    assert not fold.apply(mixed)


def test_without_a_choice_every_symbol_is_shown() -> None:
    fold = fold_of()
    fold.apply(walk(3, 1, "MSFT") + walk(3, 2, "AAPL"))
    assert fold.keys() == ["AAPL", "MSFT"]


def test_a_symbol_that_stands_for_several_series_is_reported() -> None:
    simulated = [msgspec.structs.replace(each, feed="simulated") for each in walk(6)]
    daily = [bar(0, 5.0, interval="1d")]
    fold = fold_of("AAPL")
    fold.apply(walk(6) + simulated + daily)
    error = fold.identity("AAPL").ambiguity
    assert error is not None
    assert error.hint is not None
    assert "AAPL stands for 3 series" in str(error)
    for option in ("--interval 1d --feed market", "--interval 1m --feed market", "--interval 1m --feed simulated"):
        assert option in error.hint
    assert fold.counts() == {"other series": 2}
    chosen = fold_of("AAPL", feed="simulated")
    chosen.apply(walk(6) + simulated + daily)
    assert chosen.identity("AAPL").ambiguity is None
    assert chosen.identity("AAPL").simulated


def test_the_zone_is_the_exchange_s_for_intraday_bars_only() -> None:
    fold = fold_of()
    fold.apply([bar(0, 1.5, "MSFT", tz="America/New_York"), bar(0, 1.5, "IBM", interval="1d", tz="America/New_York")])
    assert fold.identity("MSFT").zone == "America/New_York"
    assert fold.identity("IBM").zone is None


def test_the_title_names_the_currency_where_it_is_known() -> None:
    fold = fold_of()
    fold.apply([bar(0, 1.5, "MSFT", currency="USD"), bar(0, 1.5, "IBM")])
    assert fold.identity("MSFT").title == "MSFT 1m, USD"
    assert fold.identity("IBM").title == "IBM 1m"


def test_the_source_is_that_of_the_newest_bar_and_of_no_other() -> None:
    """Where one source takes over from another, the window says so; memory holds one name a series."""
    fold = fold_of("AAPL", feed="market")
    fold.apply([bar(number, 5.0, source=f"yahoo-{number}") for number in range(50)])
    assert fold.identity("AAPL").source == "yahoo-49"
    fold.apply([bar(50, 5.0, source="binance")])
    assert fold.identity("AAPL").source == "binance"
    fold.apply([bar(48, 5.5, source="yahoo")])
    assert fold.identity("AAPL").source == "binance", "a correction of an older bar is not what is live"
    assert not any(b"yahoo" in page for page in restorable(fold.pages()).values())
    other = fold_of("AAPL", feed="market")
    other.restore(restorable(fold.pages()))
    assert other.identity("AAPL").source == "binance"
    other.apply([bar(50, 5.5, source="yahoo")])
    assert other.identity("AAPL").source == "yahoo", "the preferred source is up again"


def test_a_simulation_has_no_source() -> None:
    fold = fold_of("AAPL")
    fold.apply([bar(0, 5.0, source="simulated", feed="simulated")])
    assert fold.identity("AAPL").source == ""


def test_a_restored_fold_continues_identically() -> None:
    bars = walk(700)
    fold = fold_of("AAPL")
    fold.apply(bars[:600])
    fold.apply([msgspec.structs.replace(bars[10], close=bars[10].close + 0.5)])
    other = fold_of("AAPL")
    other.restore(restorable(fold.pages()))
    for each in (fold, other):
        each.apply([*bars[600:], bars[10]])
    assert fold.counts() == other.counts() == {"corrected": 2}
    for name in fold.frame("AAPL"):
        np.testing.assert_array_equal(fold.frame("AAPL")[name], other.frame("AAPL")[name])


@pytest.mark.parametrize(
    "pages", [{}, {"version": b"\xc1 not a state"}, {"version": b"\x63"}, {"version": b"\x05", "0/0": b"\x80"}]
)
def test_a_state_that_cannot_be_used_is_refused(pages: dict[str, bytes]) -> None:
    with pytest.raises(StateError):
        fold_of("AAPL").restore(pages)


def test_wrong_parameters_are_reported_before_any_record() -> None:
    with pytest.raises(ValueError, match="0"):
        make(Selection(), {"period": 0, "width": 2.0})


def test_times_are_shown_in_the_zone_asked_for_and_hours_count_from_the_opening() -> None:
    minutes = [bar(number, 1.5, tz="America/New_York") for number in range(90)]
    shown = SeriesFold({}, Selection(resample="1h", opens="09:45", tz="Asia/Tokyo"))
    shown.apply(minutes)
    assert shown.identity("AAPL").zone == "Asia/Tokyo"
    assert {int(time.astype("M8[m]").astype(int) % 60) for time in shown.frame("AAPL").instants} <= {45}
    daily = SeriesFold({}, Selection(resample="1d", tz="Asia/Tokyo"))
    daily.apply(minutes)
    assert daily.identity("AAPL").zone is None, "a session's date is never shifted"
    with pytest.raises(ValueError, match="NYSE2"):
        SeriesFold({}, Selection(resample="1h", calendar="NYSE2"))
