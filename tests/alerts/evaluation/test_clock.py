"""Rules that depend on the clock: bars that do not come, and what topics are like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from stockstream.alerts.evaluation.engine import Engine
from stockstream.alerts.rule import Rule
from stockstream.alerts.topic_values import value_of
from stockstream.indicators.trading_hours import trading_hours
from stockstream.kafka.overview import DeadLetterOverview, GroupOverview, GroupPartition, Overview, TopicOverview
from stockstream.records import Alert, Bar
from stockstream.views.bar_batch import gather
from tests.views.bars import START, bar

NOW = datetime(2026, 3, 9, tzinfo=UTC)


def closed(begin: datetime, end: datetime) -> timedelta:
    """An exchange that is open in the first half of each hour."""
    minutes = int((end - begin).total_seconds() // 60)
    return timedelta(minutes=sum((begin + timedelta(minutes=each)).minute < 30 for each in range(minutes)))


def shown(alerts: list[Alert]) -> list[tuple[int, str, str]]:
    """Minute of the bar, way and state."""
    return [(int((each.time - START).total_seconds() // 60), each.way, each.state) for each in alerts]


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def bars(*minutes: int) -> list[Bar]:
    return [bar(minute, 100.0) for minute in minutes]


def test_a_gap_is_a_silence_after_its_last_bar() -> None:
    engine = Engine([Rule.of("stale", "no bar for 5m")])
    # The bar of minute 2 ends at 3, and that of 8 begins 5 minutes later.
    assert shown(engine.take(gather(bars(0, 1, 2, 8, 9, 13)), NOW)) == [(2, "silent", "raised")]


def test_a_silence_that_goes_on_is_told_once_and_stands_when_it_ends() -> None:
    engine = Engine([Rule.of("stale", "no bar for 5m")])
    engine.take(gather(bars(0, 1)), NOW)
    assert engine.tick(after(6.9)) == []
    assert shown(engine.tick(after(7))) == [(1, "silent", "raised")]
    assert engine.tick(after(8)) == []
    pages = {name: page for name, page in engine.pages().items() if page is not None}
    again = Engine([Rule.of("stale", "no bar for 5m")])
    again.restore(pages)
    for each in (engine, again):
        assert each.tick(after(9)) == []
        assert each.take(gather(bars(10)), NOW) == []


def test_a_silence_is_withdrawn_when_its_bars_come_late() -> None:
    engine = Engine([Rule.of("stale", "no bar for 5m")])
    engine.take(gather(bars(0, 1)), NOW)
    engine.tick(after(7))
    assert shown(engine.take(gather(bars(2)), NOW)) == [(1, "silent", "withdrawn")]
    late = Engine([Rule.of("stale", "no bar for 5m")])
    assert shown(late.take(gather(bars(0, 1, 8)), NOW)) == [(1, "silent", "raised")]
    assert shown(late.take(gather(bars(4)), NOW)) == [(1, "silent", "withdrawn")]


def test_closed_hours_are_no_silence() -> None:
    # START is 14:30, when the exchange has just closed until 15:00.
    engine = Engine([Rule.of("stale", "no bar for 5m while open")], lambda _: closed)
    assert engine.take(gather(bars(0, 34)), NOW) == []
    assert engine.tick(after(39)) == []
    assert shown(engine.tick(after(40))) == [(34, "silent", "raised")]
    without = Engine([Rule.of("stale", "no bar for 5m")], lambda _: closed)
    assert shown(without.take(gather(bars(0, 34)), NOW)) == [(0, "silent", "raised")]


def test_a_silence_stands_when_the_bar_that_was_forming_in_it_is_completed() -> None:
    engine = Engine([Rule.of("stale", "no bar for 5m")])
    engine.take(gather([*bars(0), bar(1, 100.0, final=False)]), NOW)
    assert shown(engine.tick(after(7))) == [(1, "silent", "raised")]
    assert engine.take(gather(bars(1)), NOW) == []
    assert engine.take(gather(bars(9, 10)), NOW) == []
    late = Engine([Rule.of("stale", "no bar for 5m")])
    late.take(gather([*bars(0), bar(1, 100.0, final=False)]), NOW)
    late.tick(after(7))
    assert shown(late.take(gather(bars(1, 2)), NOW)) == [(1, "silent", "withdrawn")]


def test_a_silence_is_of_bars_that_can_come_so_often() -> None:
    def told(text: str) -> list[str]:
        engine = Engine([Rule.of("stale", text)])
        engine.take(gather([bar(0, 1.0), bar(0, 1.0, interval="15m"), bar(0, 1.0, interval="1d")]), NOW)
        return [each.interval for each in engine.tick(after(10_000))]

    assert told("no bar for 5m") == ["1m"]
    assert told("no bar for 15m") == ["1m", "15m"]
    assert told("no bar for 5m interval 15m") == ["15m"]
    assert told("no bar for 2d interval 1d once") == ["1d"]


def test_a_silence_while_open_is_summed_over_the_sessions() -> None:
    rule = Rule.of("stale", "no bar for 2d while open")
    engine = Engine([rule], lambda _: trading_hours("XNYS").open_for)
    friday = datetime(2026, 2, 27, 20, 59, tzinfo=UTC)  # the last minute of a session of 6.5 hours
    engine.take(gather([bar(0, 1.0, time=friday)]), NOW)
    # Seven sessions are 45.5 hours; the 2.5 that are missing end at noon of the eighth.
    last = datetime(2026, 3, 11, 13, 30, tzinfo=UTC) + timedelta(hours=2.5)
    assert engine.tick(last - timedelta(seconds=1)) == []
    assert len(engine.tick(last)) == 1


def test_a_forming_bar_is_no_silence() -> None:
    engine = Engine([Rule.of("stale", "no bar for 5m")])
    engine.take(gather([*bars(0), bar(5, 100.0, final=False)]), NOW)
    assert engine.tick(after(10)) == []
    assert shown(engine.tick(after(11))) == [(5, "silent", "raised")]


def test_a_rule_about_a_topic_comes_when_it_becomes_true() -> None:
    rules = [Rule.of("behind", "stocks.lag > 10 and dead_letters > 0"), Rule.of("old", "flights.age > 10m once")]
    topics = Engine(rules).topics
    assert topics.wanted == {("stocks", "lag"), ("stocks", "dead_letters"), ("flights", "age")}
    values = {("stocks", "lag"): 11.0, ("stocks", "dead_letters"): 1.0, ("flights", "age"): None}
    (alert,) = topics.look(values, after(0))
    assert (alert.symbol, alert.interval, alert.values) == ("stocks", "", {"stocks.lag": 11.0, "dead_letters": 1.0})
    assert topics.look(values, after(1)) == []
    assert topics.look(values | {("stocks", "lag"): 9.0, ("flights", "age"): 601.0}, after(2))[0].rule == "old"
    again = Engine(rules).topics
    again.restore(topics.state())
    assert [each.rule for each in again.look(values | {("flights", "age"): 700.0}, after(3))] == ["behind"]


def test_the_fields_of_a_topic() -> None:
    def group(name: str, *lags: int) -> GroupOverview:
        partitions = tuple(
            GroupPartition(topic="stocks", partition=number, position=0, end=lag, lag=lag, trend=None)
            for number, lag in enumerate(lags)
        )
        return GroupOverview(
            name=name, state="running", lag=sum(lags), trend=None, records_per_second=None, partitions=partitions
        )

    overview = Overview(
        time=NOW, bootstrap_servers="here", groups=(group("a", 1, 2), group("b", 7, 0)),
        topics=(
            TopicOverview(
                name="stocks", records=9, records_per_second=None, bytes=None, newest=after(0), partitions=()
            ),
        ),
        dead_letters=(DeadLetterOverview(topic="stocks.dlq", records=4, newest=None),),
    )  # fmt: skip
    assert [value_of(overview, "stocks", field, after(2)) for field in ("lag", "dead_letters", "age")] == [7, 4, 120]
    assert value_of(overview, "flights", "lag", after(2)) is None
