"""The monitor's screen: its contents, and that it is legible in 80 columns and at any height."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from rich.console import Console

from stockstream.cli.monitor.scrape import Process
from stockstream.cli.monitor.screen import Screen, Seen, line
from stockstream.kafka.overview import (
    Broker,
    DeadLetterOverview,
    GroupOverview,
    GroupPartition,
    Letter,
    Overview,
    TopicOverview,
    TopicPartition,
    Trend,
)
from stockstream.kafka.readers import Reader
from stockstream.present.beats import AlertsRun

NOW = datetime(2026, 3, 2, 14, 30, 5, tzinfo=UTC)


def partition(number: int, records: int, size: int | None = None, **changes: Any) -> TopicPartition:
    whole = TopicPartition(
        partition=number, first=0, end=records, records=records, bytes=size, leader=1, replicas=(1,), in_sync=(1,)
    )
    return msgspec.structs.replace(whole, **changes)


def topic(name: str, partitions: Sequence[TopicPartition], rate: float | None = 2.0) -> TopicOverview:
    sizes = [each.bytes for each in partitions if each.bytes is not None]
    return TopicOverview(
        name=name,
        records=sum(each.records or 0 for each in partitions),
        records_per_second=rate,
        bytes=sum(sizes) if sizes else None,
        newest=NOW - timedelta(seconds=3),
        partitions=tuple(partitions),
    )


READER = Reader(host="there", pid=7, time=NOW)


def group(name: str, lags: Sequence[int], trend: Trend = "steady", of: str = "stocks") -> GroupOverview:
    places = [
        GroupPartition(
            topic=of, partition=number, position=100, end=100 + lag, lag=lag, trend=trend if lag else "steady"
        )
        for number, lag in enumerate(lags)
    ]
    return GroupOverview(
        name=name,
        state="running",
        readers=(READER,),
        lag=sum(lags),
        trend=trend,
        records_per_second=1.5,
        partitions=tuple(places),
    )


STOCKS = topic("stocks", [partition(0, 1_200, 40_100), partition(1, 1_100, 39_000), partition(2, 0, 0)])
FLIGHTS = topic("flights", [partition(number, 1_900_000, 970_000_000) for number in range(3)], 15_234.5)
LETTERS = topic("stocks.dlq", [partition(0, 3, 900)], 0.0)
GROUPS = (
    group("stockstream-bollinger-AAPL", [3, 0, 12], "growing"),
    group("stockstream-bollinger-AAPL+MSFT+GOOG@1m@simulated", [0, 0, 0]),
    group("stockstream-flights-all", [400_123, 401_555, 399_001], "shrinking", "flights"),
)
DEAD = DeadLetterOverview(
    topic="stocks.dlq",
    records=3,
    newest=Letter(
        sent=NOW - timedelta(minutes=2), key="stocks/0/7", reason="JSON is malformed: invalid character (byte 4)"
    ),
)
WHOLE = Overview(
    time=NOW,
    bootstrap_servers="127.0.0.1:9092",
    cluster="5L6g3nShT-eMCtK--X86sw",
    controller=1,
    brokers=(Broker(id=1, host="127.0.0.1", port=9092),),
    topics=(FLIGHTS, STOCKS, LETTERS),
    groups=GROUPS,
    dead_letters=(DEAD,),
)
PROCESSES = (
    Process(
        address="127.0.0.1:9101", command="produce csv", topic="stocks", sent=1_200, refused=2, acknowledged=1_100,
        silent_seconds=4.0, records_per_second=2.0,
    ),
    Process(
        address="127.0.0.1:9102", command="watch bollinger", topic="stocks", keys="AAPL", taken=900, lag=0,
        records_per_second=0.7, frame_seconds=0.0051, counts={"doubtful": 3},
    ),
    Process(address="127.0.0.1:9103", error="does not answer"),
)  # fmt: skip


def drawn(seen: Seen, width: int = 80, height: int | None = None, encoding: str = "utf-8", **options: Any) -> list[str]:
    """The lines on a terminal of that size."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=file, width=width, height=height or 100, legacy_windows=False)
    console.print(Screen(seen, fit=height is not None, **options))
    file.seek(0)
    return [text.rstrip() for text in file.read().splitlines()]


def test_everything_in_80_by_24() -> None:
    assert drawn(Seen.first(WHOLE, PROCESSES), 80, 24, hint="q ends") == [
        "stockstream monitor  127.0.0.1:9092  14:30:05Z                            q ends",
        "broker 1 at 127.0.0.1:9092  cluster 5L6g3nShT-eMCtK--X86sw",
        "",
        "TOPIC      RECORDS    IN/S     SIZE  NEWEST  PARTITIONS",
        "flights  5,700,000  15,234   2.9 GB     3 s  0: 970.0 MB  1: 970.0 MB",
        "                                             2: 970.0 MB",
        "stocks       2,300     2.0  79.1 kB     3 s  0: 40.1 kB  1: 39.0 kB  2: 0 B",
        "",
        "CONSUMER GROUP                  LAG  TREND      READ/S  LAG BY PARTITION",
        "bollinger-AAPL                   15  growing       1.5  stocks 0: 3↑  1: 0",
        "                                                        2: 12↑",
        "bollinger-A...@simulated          0  steady        1.5  stocks 0: 0  1: 0  2: 0",
        "flights-all               1,200,679  shrinking     1.5  flights 0: 400,123↓",
        "                                                        1: 401,555↓  2: 399,001↓",
        "",
        "DEAD LETTERS  RECORDS     NEWEST  WHY",
        "stocks.dlq          3  2 min 0 s  JSON is malformed: invalid character (byte 4)",
        "",
        "PROCESS               METRICS AT      RECORDS   /S",
        "produce csv           127.0.0.1:9101    1,200  2.0  102 under way  2 refused",
        "                                                    silent for 4 s",
        "watch bollinger AAPL  127.0.0.1:9102      900  0.7  lag 0  frame 5.1 ms",
        "                                                    3 doubtful",
        "-                     127.0.0.1:9103        -    -  does not answer",
    ]


def test_names_and_counts_are_whole_where_there_is_room() -> None:
    lines = drawn(Seen.first(WHOLE, PROCESSES), 140, 40)
    assert any(
        each.startswith("stockstream-bollinger-AAPL+MSFT+GOOG@1m@simulated  running (there, 7) ") for each in lines
    )
    assert any("0: 1,200 (40.1 kB)  1: 1,100 (39.0 kB)  2: 0 (0 B)" in each for each in lines)
    assert lines[-1].endswith("does not answer")


def test_idle_groups_are_the_first_that_are_left_out() -> None:
    idle = tuple(msgspec.structs.replace(group(f"idle-{n}", [1_000]), state="idle", readers=()) for n in range(20))
    overview = msgspec.structs.replace(WHOLE, groups=(group("live", [1]), *idle))
    narrow = drawn(Seen.first(overview), 80, 18)
    assert any(each.startswith("live ") for each in narrow)
    assert len([each for each in narrow if each.startswith("idle-")]) < 20
    assert any(re.match(r"idle-0 +1,000 +idle ", each) for each in drawn(Seen.first(overview), 80, 60))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 18), (60, 20), (140, 40), (140, 18), (80, 5), (40, 8)])
def test_it_fits_the_terminal(width: int, height: int) -> None:
    many = msgspec.structs.replace(WHOLE, groups=tuple(group(f"group-{number}", [number] * 12) for number in range(40)))
    for overview in (WHOLE, many):
        lines = drawn(Seen.first(overview, PROCESSES), width, height)
        assert max(map(len, lines)) <= width
        assert height < 16 or len(lines) <= height, "where there is less, the end is cut off"


def test_of_more_groups_than_there_is_room_for_those_far_behind_are_shown() -> None:
    groups = tuple(group(f"group-{number}", [number % 10]) for number in range(40))
    lines = drawn(Seen.first(msgspec.structs.replace(WHOLE, groups=groups)), 80, 24)
    assert len(lines) == 24
    shown = [each.split()[0] for each in lines if each.startswith("group-")]
    assert {"group-9", "group-19", "group-29", "group-39"} <= set(shown)
    assert shown == sorted(shown, key=lambda name: int(name.split("-")[1]))
    assert f"and {40 - len(shown)} more" in lines


def test_lag_by_partition_is_cut_where_it_has_no_room_and_says_so() -> None:
    groups = tuple(group(f"group-{number}", [1_000_000] * 12) for number in range(10))
    lines = drawn(Seen.first(msgspec.structs.replace(WHOLE, groups=groups)), 80, 24)
    assert all(each.endswith("...") for each in lines if each.startswith("group-"))


def test_while_the_broker_is_away_it_says_so_and_shows_what_was() -> None:
    seen = Seen.first(WHOLE)
    for second in (1, 2, 9):
        away = Overview(time=NOW + timedelta(seconds=second), bootstrap_servers="127.0.0.1:9092", waiting="broker x:1")
        seen = seen.then(away, ())
    lines = drawn(seen)
    assert lines[1:3] == ["waiting for broker x:1 since 14:30:06Z (8 s)", "as it was at 14:30:05Z:"]
    assert any(each.startswith("stocks ") for each in lines)
    back = seen.then(msgspec.structs.replace(WHOLE, time=NOW + timedelta(seconds=11)), ())
    assert drawn(back)[1].startswith("broker 1 at ")
    assert not any("waiting" in each for each in drawn(back))


def test_a_broker_that_never_was_there() -> None:
    away = Overview(time=NOW, bootstrap_servers="127.0.0.1:9092", waiting="broker x:1")
    assert drawn(Seen.first(away)) == [
        "stockstream monitor  127.0.0.1:9092  14:30:05Z",
        "waiting for broker x:1 since 14:30:05Z (0 s)",
    ]


def test_an_empty_cluster_says_what_to_do() -> None:
    empty = msgspec.structs.replace(WHOLE, topics=(), groups=(), dead_letters=())
    assert drawn(Seen.first(empty))[2:] == [
        "",
        "TOPIC  none yet: `stockstream produce` makes them",
        "",
        "CONSUMER GROUP  none yet: `stockstream watch` makes them",
        "",
        "DEAD LETTERS  none",
    ]


def test_processes_that_raise_alerts_are_shown_the_silent_ones_in_a_line_too() -> None:
    runs = (
        AlertsRun("desk, process 7", "running", NOW - timedelta(hours=2), 12),
        AlertsRun("attic, process 9", "silent", NOW - timedelta(minutes=5), None),
    )
    lines = [" ".join(each.split()) for each in drawn(Seen.first(WHOLE, (), runs), 140, 60)]
    place = next(number for number, each in enumerate(lines) if each.startswith("ALERTS PROCESS"))
    day = f"{NOW:%Y-%m-%d}"
    assert lines[place : place + 3] == [
        "ALERTS PROCESS STATE SINCE RULES",
        f"desk, process 7 running {day} 12:30:05Z 12",
        f"attic, process 9 silent {day} 14:25:05Z -",
    ]
    in_a_line = line(Seen.first(WHOLE, (), runs))
    assert in_a_line.endswith(f"; alerts process (attic, process 9) silent since {day} 14:25:05Z")
    assert not any("ALERTS PROCESS" in each for each in drawn(Seen.first(WHOLE), 140, 60))


def test_what_is_not_known_is_not_nought() -> None:
    unknown = msgspec.structs.replace(partition(1, 0), end=None, records=None, leader=None)
    lost = topic("stocks", [partition(0, 5), unknown], None)
    lost = msgspec.structs.replace(lost, records=None, newest=None)
    place = GroupPartition(topic="stocks", partition=1, position=3, end=None, lag=None, trend=None)
    stuck = GroupOverview(name="g", state="stable", lag=None, trend=None, records_per_second=None, partitions=(place,))
    lines = drawn(Seen.first(msgspec.structs.replace(WHOLE, topics=(lost,), groups=(stuck,))))
    assert lines[4].split() == ["stocks", "-", "-", "-", "0:", "5", "1:", "no", "leader"]
    assert lines[7].split() == ["g", "-", "-", "-", "stocks", "1:", "-"]


def test_copies_that_are_missing_are_reported() -> None:
    behind = topic("stocks", [partition(0, 5, replicas=(1, 2, 3), in_sync=(1,))])
    brokers = tuple(Broker(id=number, host=f"k{number}", port=9092) for number in (1, 2, 3))
    lines = drawn(Seen.first(msgspec.structs.replace(WHOLE, topics=(behind,), brokers=brokers, controller=2)))
    assert "0: 5 1 of 3 copies" in lines[5]
    assert lines[1] == "3 brokers: 1 at k1:9092  2 at k2:9092 (controller)  3 at k3:9092"


def test_a_terminal_without_unicode_gets_signs_that_it_has() -> None:
    lines = drawn(Seen.first(WHOLE), 140, encoding="ascii")
    assert any("stocks 0: 3+  1: 0  2: 12+" in each for each in lines)
    assert any("flights 0: 400,123-" in each for each in lines)


def test_names_and_reasons_are_shown_as_they_are_and_do_nothing_to_the_terminal() -> None:
    odd = "[bold]x[/] \x1b[2J"
    letter = msgspec.structs.replace(DEAD, newest=Letter(sent=NOW, key=None, reason=odd))
    overview = msgspec.structs.replace(WHOLE, groups=(group(odd, [1]),), dead_letters=(letter,))
    seen = Seen.first(overview, (Process(address="127.0.0.1:1", command=odd),))
    shown = [each for each in drawn(seen) if r"[bold]x[/] \x1b[2J" in each]
    assert len(shown) == 3
    assert r"; [bold]x[/] \x1b[2J lag 1" in line(seen)


def test_a_line_for_where_there_is_no_terminal() -> None:
    assert line(Seen.first(WHOLE, PROCESSES)) == (
        "14:30:05Z  flights 5,700,000, 15,234/s; stocks 2,300, 2.0/s; stockstream-bollinger-AAPL lag 15 growing;"
        " stockstream-bollinger-AAPL+MSFT+GOOG@1m@simulated lag 0 steady;"
        " stockstream-flights-all lag 1,200,679 shrinking; stocks.dlq 3; 127.0.0.1:9103 does not answer"
    )
    away = Overview(time=NOW, bootstrap_servers="127.0.0.1:9092", waiting="broker x:1")
    assert line(Seen.first(away)) == "14:30:05Z  waiting for broker x:1"
