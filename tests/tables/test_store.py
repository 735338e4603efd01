"""A topic of a real broker becomes a table: every record is one row."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer

from stockstream.errors import BrokerError, Overtaken, TableError, Unreachable
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import free_port
from stockstream.kafka.publisher import Publisher
from stockstream.records import Alert, Bar
from stockstream.tables.delta import DeltaWriter
from stockstream.tables.etl import etl
from stockstream.tables.inventory import lag
from stockstream.tables.location import Location
from stockstream.tables.schema import ALERT_STATES, BARS, FLIGHT_ROWS, Table
from stockstream.tables.store import Patience, Progress, Store, StoreOptions, Summary
from stockstream.topics import ALERTS, FLIGHTS
from tests.cli.records import flight
from tests.kafka.streams import connection, own_topic, send_all, until
from tests.tables.stored import asked, count, repeats
from tests.views.bars import walk


@dataclass
class Listener:
    """Notes what a store tells."""

    reported: list[Progress] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def progress(self, progress: Progress) -> None:
        self.reported.append(progress)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def location(tmp_path: Path) -> Location:
    return Location.of(str(tmp_path / "tables"))


def own_table(broker: str, bars: list[Bar], *, partitions: int = 3) -> Table[Bar]:
    table = replace(BARS, topic=own_topic(partitions=partitions))
    send(table, broker, bars)
    return table


def send(table: Table[Any], broker: str, records: list[Any]) -> None:
    with Publisher(table.topic, connection(broker)) as publisher:
        send_all(publisher, records)


def stored(
    table: Table[Any],
    location: Location,
    broker: str,
    *,
    listener: Listener | None = None,
    stopped: Callable[[], bool] = lambda: False,
    **options: Any,
) -> Summary:
    chosen = StoreOptions(**{"once": True, **options})
    return Store(table, location, connection(broker), chosen, listener or Listener()).run(stopped)


SERIES = walk(300, 1, "AAPL") + walk(300, 2, "MSFT") + walk(300, 3, "GOOG")


def test_every_bar_is_a_row_with_its_place_and_a_second_run_stores_the_rest(broker: str, location: Location) -> None:
    table = own_table(broker, SERIES)
    assert stored(table, location, broker).rows == len(SERIES)
    assert stored(table, location, broker) == Summary(0, 0, 0, 0)
    more = [msgspec.structs.replace(SERIES[0], close=SERIES[0].close + 0.01, flags=("off-grid", "jump"), revision=1)]
    send(table, broker, more)
    assert stored(table, location, broker).rows == 1
    rows = asked(table, location, "SELECT * FROM bars")
    assert sorted(map(_record, rows), key=_order) == sorted(SERIES + more, key=_order)
    assert repeats(table, location) == 0
    (topic_id,) = {row["kafka_topic_id"] for row in rows}
    assert topic_id == Admin(connection(broker)).topic_id(table.topic.name)
    assert {row["date"] for row in rows} == {row["time"].date() for row in rows}
    for symbol in ("AAPL", "MSFT", "GOOG"):  # in the order of sending
        places = sorted((row["kafka_offset"], row["time"], row["revision"]) for row in rows if row["symbol"] == symbol)
        assert [time for _, time, revision in places if not revision] == sorted(t for _, t, r in places if not r)
        assert max(places)[2] == (1 if symbol == "AAPL" else 0)


def _record(row: dict[str, Any]) -> Bar:
    values: dict[str, Any] = {name: row[name] for name in BARS.fields}
    return Bar(**{**values, "flags": tuple(values["flags"])})


def _order(bar: Bar) -> tuple[Any, ...]:
    return bar.symbol, bar.time, bar.revision


def test_flights_are_stored_whole(broker: str, location: Location) -> None:
    flights = [flight(row, month=1 + row % 12, tail_number=None) for row in range(99)]
    flights.append(flight(99, year=2015, month=2, day=30))  # a day that no calendar has, and that readers take
    table = replace(FLIGHT_ROWS, topic=replace(FLIGHTS, name=own_topic().name))
    send(table, broker, flights)
    assert stored(table, location, broker).rows == 100
    rows = asked(table, location, "SELECT * FROM flights ORDER BY row")
    assert [type(flights[0])(**{name: row[name] for name in FLIGHT_ROWS.fields}) for row in rows] == flights
    assert rows[0]["date"] == date(rows[0]["year"], rows[0]["month"], rows[0]["day"])
    assert rows[99]["date"] is None


def test_alerts_are_stored_in_all_their_states(broker: str, location: Location) -> None:
    table = replace(ALERT_STATES, topic=replace(ALERTS, name=own_topic().name))
    at = datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC)
    first = Alert(id="a", rule="hot", when="rsi > 70", symbol="AAPL", time=at, text="hot", values={"rsi": 71.5}, at=at)
    changed = msgspec.structs.replace
    states = [first, changed(first, state="withdrawn", values={}), changed(first, id="b", until=at)]
    send(table, broker, states)
    assert stored(table, location, broker, raw=True).rows == 3
    rows = asked(table, location, "SELECT * FROM alerts ORDER BY kafka_offset")
    found = [Alert(**{name: row[name] for name in table.fields} | {"values": dict(row["values"])}) for row in rows]
    assert found == states
    assert {row["date"] for row in rows} == {date(2026, 3, 2)}
    assert etl(table, location, lambda *_: None).rows == 3


def test_rows_are_committed_by_number_and_by_time(broker: str, location: Location) -> None:
    table = own_table(broker, SERIES)
    stop = threading.Event()
    result: list[Summary] = []

    def run() -> None:
        result.append(stored(table, location, broker, once=False, rows=250, every=0.5, stopped=stop.is_set))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until(lambda: count(table, location) == len(SERIES))
        send(table, broker, walk(10, 9, "TSLA"))
        until(lambda: count(table, location) == len(SERIES) + 10)  # fewer than 250: the time is what commits them
    finally:
        stop.set()
        thread.join()
    assert result[0].rows == len(SERIES) + 10
    assert result[0].commits >= 2
    assert repeats(table, location) == 0


def test_what_was_read_is_committed_at_the_end(broker: str, location: Location) -> None:
    table = own_table(broker, SERIES)
    listener = Listener()
    summary = stored(
        table,
        location,
        broker,
        once=False,
        every=3600,
        listener=listener,
        stopped=lambda: bool(listener.reported) and listener.reported[-1].rows == len(SERIES),
    )
    assert (listener.reported[-1].committed, listener.reported[-1].lag) == (0, len(SERIES))
    assert summary == Summary(len(SERIES), 1, 0, 0)
    assert count(table, location) == len(SERIES)


def test_unreadable_messages_are_dead_letters_and_are_passed(broker: str, location: Location) -> None:
    table = own_table(broker, SERIES[:3], partitions=1)
    producer = Producer(connection(broker))
    producer.produce(table.topic.name, b'{"symbol":', key=b"AAPL")
    producer.flush()
    send(table, broker, SERIES[3:5])
    assert stored(table, location, broker) == Summary(5, 1, 1, 0)
    assert stored(table, location, broker) == Summary(0, 0, 0, 0)
    letters = Admin(connection(broker)).summaries([table.topic.dead_letters])
    assert [each.records for each in letters] == [1]


def test_records_whose_lines_are_not_kept_are_said(broker: str, location: Location) -> None:
    table = own_table(broker, walk(5), partitions=2)

    def warnings(symbol: str, *, raw: bool) -> list[str]:
        send(table, broker, walk(5, 2, symbol))
        listener = Listener()
        stored(table, location, broker, listener=listener, raw=raw)
        return listener.warnings

    assert warnings("MSFT", raw=False) == []
    (only,) = warnings("AAPL", raw=True)
    assert only.startswith("raw lines begin here: the last records of ")
    assert "were stored without --raw; another folder (--to) takes all" in only
    assert warnings("AAPL", raw=True) == []  # it was said
    assert warnings("AAPL", raw=False) == []
    assert warnings("AAPL", raw=True) == [only]


def test_where_only_unreadable_messages_arrived_the_position_is_stored_all_the_same(
    broker: str, location: Location
) -> None:
    table = own_table(broker, SERIES[:3], partitions=1)
    assert stored(table, location, broker, raw=True) == Summary(3, 1, 0, 0)
    producer = Producer(connection(broker))
    for _ in range(4):
        producer.produce(table.topic.name, b'{"symbol":', key=b"AAPL")
    producer.flush()
    assert lag(table, location, connection(broker), timeout=10.0) == 4
    assert stored(table, location, broker, raw=True) == Summary(0, 1, 4, 0)
    assert lag(table, location, connection(broker), timeout=10.0) == 0
    send(table, broker, SERIES[3:5])
    assert stored(table, location, broker, raw=True) == Summary(2, 1, 0, 0)
    assert (count(table, location), repeats(table, location)) == (5, 0)


def test_patience_is_measured_from_when_waiting_began() -> None:
    times = iter((0.0, 200.0, 205.0, 210.0, 210.1))
    patience = Patience(10.0, lambda: next(times))
    assert not patience.ends(waits=True)
    assert not patience.ends(waits=False)  # it works, for a long time
    assert [patience.ends(waits=True) for _ in range(4)] == [False, False, False, True]


def test_a_topic_that_is_made_anew_is_stored_from_its_start(broker: str, location: Location) -> None:
    table = own_table(broker, SERIES[:10])
    stop, listener = threading.Event(), Listener()
    running = threading.Thread(
        target=lambda: stored(table, location, broker, listener=listener, once=False, every=0.2, stopped=stop.is_set)
    )
    running.start()
    try:
        until(lambda: count(table, location) == 10)
        admin = Admin(connection(broker))
        admin.delete([table.topic.name])
        until(lambda: table.topic.name not in admin.names())
        send(table, broker, SERIES[:4])
        until(lambda: count(table, location) == 14)
    finally:
        stop.set()
        running.join()
    assert [text for text in listener.warnings if "made anew" in text]
    assert stored(table, location, broker).rows == 0
    assert len(asked(table, location, "SELECT DISTINCT kafka_topic_id FROM bars")) == 2


def test_several_processes_share_the_partitions(broker: str, location: Location) -> None:
    table = own_table(broker, SERIES)
    assert stored(table, location, broker, partitions=frozenset({1})).rows < len(SERIES)
    assert {row["kafka_partition"] for row in asked(table, location, "SELECT kafka_partition FROM bars")} <= {1}
    rest = stored(table, location, broker, partitions=frozenset({0, 2})).rows
    assert rest > 0
    assert count(table, location) == len(SERIES)
    assert stored(table, location, broker).rows == 0
    with pytest.raises(TableError, match=r"has partitions 0 to 2, not 3"):
        stored(table, location, broker, partitions=frozenset({3}))


def test_of_two_processes_that_store_the_same_one_is_refused_and_each_row_is_there_once(
    broker: str, location: Location
) -> None:
    table = own_table(broker, SERIES)
    begun, listener, told = threading.Event(), Listener(), list[str]()

    def run() -> None:
        try:
            stored(table, location, broker, listener=listener, once=False, every=3600, stopped=begun.is_set)
        except Overtaken as error:
            told.append(str(error))

    running = threading.Thread(target=run)
    running.start()
    until(lambda: listener.reported and listener.reported[-1].rows == len(SERIES))
    assert stored(table, location, broker).rows == len(SERIES)
    send(table, broker, walk(30, 4, "AAPL")[-5:])
    assert stored(table, location, broker).rows == 5
    begun.set()
    running.join()
    assert [each.partition(" in ")[0] for each in told] == [f"another process stores {table.topic.name}"]
    assert count(table, location) == len(SERIES) + 5
    assert repeats(table, location) == 0


def test_a_broker_that_lost_records_is_no_reason_to_store_others_in_their_place(
    broker: str, location: Location
) -> None:
    table = own_table(broker, SERIES[:20], partitions=1)
    topic_id = Admin(connection(broker)).topic_id(table.topic.name)
    assert topic_id is not None
    lost = own_table(broker, SERIES[:50], partitions=1)
    assert stored(lost, location, broker).rows == 50
    handle = DeltaWriter(table, location, topic_id)
    some = _rows_of_another(lost, location)
    handle.append(some, {0: 50})  # the table of a topic that had 50 records, and has 20
    with pytest.raises(
        TableError, match=r"/0 ends at offset 20, and .* holds it up to 50: the broker has lost records"
    ):
        stored(table, location, broker)


def _rows_of_another(table: Table[Bar], location: Location) -> Any:
    import pyarrow as pa

    return pa.Table.from_pylist(asked(table, location, "SELECT * FROM bars LIMIT 1"), schema=table.schema)


def test_once_gives_up_on_what_is_not_there(broker: str, location: Location) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    table = replace(BARS, topic=own_topic())
    with pytest.raises(BrokerError, match="there is no topic"):
        stored(table, location, broker, patience=1.0)
    with pytest.raises(Unreachable, match="no broker answers"):
        stored(table, location, nowhere, patience=1.0)


def test_what_another_program_made_is_refused(location: Location, tmp_path: Path) -> None:
    import pyarrow as pa
    from deltalake import write_deltalake

    write_deltalake(location.uri("bars"), pa.table({"symbol": [1], "date": ["2026"]}))
    with pytest.raises(TableError, match="is another table: it is not partitioned by date"):
        DeltaWriter(BARS, location, "a")
    (tmp_path / "file").write_text(json.dumps({}))
    with pytest.raises(TableError, match=r"cannot make the table .*/file/bars: file exists$"):
        DeltaWriter(BARS, Location.of(str(tmp_path / "file")), "a")
