"""Watched levels: what crosses one comes once, in its own series, from the moment on at which it was set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from stockstream.alerts.alert import level_name
from stockstream.alerts.configured import level_rules
from stockstream.alerts.evaluation.engine import Engine
from stockstream.alerts.rule import Rule
from stockstream.alerts.watched_levels import Levels, LevelWatch, owner_of, unwatched, watching
from stockstream.config import Settings
from stockstream.config_sections import WindowSettings
from stockstream.errors import StateError
from stockstream.records import Alert, Bar
from stockstream.topics import ALERTS
from stockstream.views.bar_batch import BarBatch
from tests.views.bars import bar

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)


def level(value: float, *, once: bool = False, owner: str = "ann", newest: Bar | None = None) -> Alert:
    return watching(owner, newest or bar(5, 100.0), value, NOW, once=once)


def watched(*records: Alert) -> Levels:
    levels = Levels()
    levels.take(records)
    return levels


def raised(watch: LevelWatch, *bars: Bar) -> list[tuple[str, str]]:
    found = watch.take(BarBatch(bars), NOW)
    return [(each.state, each.text.partition(": ")[2]) for each in found]


def test_a_crossing_comes_once_each_way() -> None:
    watch = LevelWatch(watched(level(101.0)))
    assert raised(watch, bar(6, 100.5), bar(7, 101.0)) == []
    assert raised(watch, bar(8, 101.5)) == [("raised", "close rose through 101 to 101.5")]
    assert raised(watch, bar(9, 102.0), bar(10, 100.0)) == [("raised", "close fell through 101 to 100")]


def test_only_what_comes_after_it_was_set_crosses() -> None:
    watch = LevelWatch(watched(level(101.0)))
    assert raised(watch, bar(1, 105.0), bar(2, 95.0), bar(4, 200.0)) == []
    assert raised(watch, bar(5, 101.5, final=False)) == [("raised", "close rose through 101 to 101.5")]
    assert raised(watch, bar(3, 50.0)) == []  # a late bar


@pytest.mark.parametrize("other", [bar(6, 200.0, "MSFT"), bar(6, 200.0, interval="5m"), bar(6, 200.0, feed="other")])
def test_other_series_do_not_cross_it(other: Bar) -> None:
    assert raised(LevelWatch(watched(level(101.0))), other) == []


def test_a_doubtful_close_crosses_nothing() -> None:
    watch = LevelWatch(watched(level(101.0)))
    assert raised(watch, bar(6, 9_000.0, flags=("impossible",)), bar(7, 100.0)) == []


def test_one_of_once_ends_and_says_so() -> None:
    levels = watched(level(101.0, once=True))
    watch = LevelWatch(levels)
    end, text = raised(watch, bar(6, 102.0), bar(7, 100.0))[1], raised(watch, bar(8, 102.0))
    assert (end[0], text, levels.of("ann")) == ("watched", [], [])


def test_an_end_of_a_former_setting_leaves_the_level() -> None:
    former = level(101.0, once=True)
    anew = watching("ann", bar(5, 100.0), 101.0, NOW + timedelta(seconds=1))
    late = unwatched(former, NOW + timedelta(minutes=1))
    levels = watched(former, anew, late)
    assert levels.of("ann") == [anew]
    levels.take([unwatched(anew, NOW)])  # by a clock that is behind
    assert levels.of("ann") == []


def test_a_saved_state_holds_no_level_that_has_ended() -> None:
    levels = watched(level(101.0), level(102.0))
    watch = LevelWatch(levels)
    raised(watch, bar(6, 100.5))
    both = watch.state()
    levels.take([unwatched(level(101.0), NOW)])
    assert len(watch.state()) == len(both), "it is not known yet which have ended"
    levels.settled = True
    assert b"102" in watch.state()
    assert b"101" not in watch.state()
    levels.clear()
    assert levels.of("ann") == []


def test_a_level_is_its_owners() -> None:
    first, second = level(101.0), level(101.0, owner="bob")
    levels = watched(first, second, unwatched(first, NOW))
    assert [owner_of(each) for each in levels.over(first.series)] == ["bob"]
    assert first.id != second.id
    assert levels.of("ann") == []


def test_two_people_at_one_level_and_the_settings_get_one_alert() -> None:
    found = LevelWatch(watched(level(101.0), level(101.0, owner="bob"))).take(BarBatch([bar(6, 102.0)]), NOW)
    assert len({each.id for each in found}) == 1
    (rule,) = level_rules(Settings(window=WindowSettings(alerts={"AAPL": (101.0,)})))
    engine = Engine([rule])
    (same,) = engine.take([BarBatch([bar(5, 100.0), bar(6, 102.0), bar(7, 102.0)])], NOW)
    assert same.id == found[0].id
    assert rule.name == level_name("AAPL", 101.0)


def test_it_goes_on_after_a_kill_and_begins_anew_when_it_is_set_again() -> None:
    watch = LevelWatch(watched(level(101.0)))
    assert len(raised(watch, bar(6, 102.0))) == 1
    again = LevelWatch(watched(level(101.0)))
    again.restore(watch.state())
    assert raised(again, bar(7, 103.0)) == []
    assert len(raised(again, bar(8, 100.0))) == 1
    later = watching("ann", bar(8, 100.0), 101.0, datetime(2026, 3, 3, tzinfo=UTC))
    again.levels.take([later])
    assert len(raised(again, bar(9, 102.0))) == 1
    with pytest.raises(StateError, match="levels cannot be read"):
        again.restore(b"\xc1")


def test_an_engine_keeps_it_in_its_pages() -> None:
    rules = [Rule.of("high", "close > 1000", ["IBM"])]
    engine = Engine(rules, levels=watched(level(101.0)))
    assert len(engine.take([BarBatch([bar(6, 102.0)])], NOW)) == 1
    restored = Engine(rules, levels=watched(level(101.0)))
    pages = {name: page for name, page in engine.pages().items() if page is not None}
    restored.restore(pages)
    assert restored.take([BarBatch([bar(7, 103.0)])], NOW) == []
    del pages["levels"]
    Engine(rules).restore(pages)  # of a version without levels


def test_the_record_travels() -> None:
    record = level(0.0000125, once=True, newest=bar(5, 0.00001, "BTC/USD", feed="binance"))
    assert record.id == "level/ann/BTC/USD/1m/binance/0.0000125"
    assert ALERTS.decoder()(ALERTS.encode(record)) == record
    assert owner_of(record) == "ann"
