"""``produce flights``, as a user runs it: every row once, also if interrupted, filtered, re-ordered or repeated."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from confluent_kafka import Consumer, Message, TopicPartition

from stockstream.cli.produce.spread_airlines import gathered
from stockstream.errors import BrokerError
from stockstream.kafka.admin import Admin
from stockstream.producers.sample import sample_flights
from stockstream.records import Flight
from stockstream.topics import FLIGHTS
from tests.cli.helpers import events, stockstream, until
from tests.producers.flight_lines import LINE, line, write
from tests.site import Site

decode = FLIGHTS.decoder()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.csv"
    path.write_bytes(sample_flights())
    return path


@pytest.fixture(scope="module")
def table(sample: Path) -> pd.DataFrame:
    return pd.read_csv(sample)


def messages(site: Site, topic: str = FLIGHTS.name) -> list[Message]:
    """All that a topic holds, a partition after the other."""
    consumer = Consumer({**site.connection, "group.id": "test", "auto.offset.reset": "earliest"})
    found: list[Message] = []
    for number in consumer.list_topics(topic).topics[topic].partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, number))
        consumer.assign([TopicPartition(topic, number, low)])
        while low < high:
            batch = consumer.consume(10_000, 0.1)
            found += batch
            low += len(batch)
    consumer.close()
    return found


def flights(site: Site) -> list[Flight]:
    return [decode(message.value() or b"") for message in messages(site)]


def held(site: Site) -> int:
    return sum(summary.records for summary in Admin(site.connection).summaries([FLIGHTS.name]))


@contextmanager
def running(site: Site, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """``produce flights``, with some of its flights in the topic already; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stockstream", "produce", "flights", *arguments],
        cwd=site.folder,
        env=site.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def begun() -> bool:
        try:
            return held(site) > 500
        except BrokerError:  # no leader yet in a topic that is just being made
            return False

    try:
        until(begun)
        yield process
    finally:
        process.kill()
        process.communicate()


def last_line(result: Any) -> str:
    assert result.returncode == 0, result.stderr
    return str(result.stdout.splitlines()[-1]).rpartition(", ")[0]


def test_every_row_travels_typed_and_once(site: Site, sample: Path, table: pd.DataFrame) -> None:
    result = site.run("produce", "flights", str(sample))
    assert last_line(result) == f"flights: {len(table):,} sent, 0 refused, 0 already there"
    found = sorted(flights(site), key=lambda flight: flight.row)
    assert [flight.row for flight in found] == list(range(len(table)))
    columns = {name: [getattr(flight, name.lower()) for flight in found] for name in table.columns}
    pd.testing.assert_frame_equal(pd.DataFrame(columns), table, check_dtype=False)
    assert {message.key() for message in messages(site)} == {b"AA", b"DL", b"UA"}
    assert last_line(site.run("produce", "flights", str(sample))) == (
        f"flights: 0 sent, 0 refused, {len(table):,} already there"
    )


def test_after_kill_9_it_sends_what_is_missing_and_no_more(site: Site, sample: Path, table: pd.DataFrame) -> None:
    with running(site, str(sample), "--rate", "3000") as process:
        process.kill()
        process.communicate()
    survived = held(site)
    assert 0 < survived < len(table)
    result = site.run("produce", "flights", str(sample))
    assert last_line(result) == f"flights: {len(table) - survived:,} sent, 0 refused, {survived:,} already there"
    assert sorted(flight.row for flight in flights(site)) == list(range(len(table)))


def test_filtered_reordered_and_repeated_replays_send_each_row_once(
    site: Site, sample: Path, table: pd.DataFrame
) -> None:
    few = ("--start", "2015-01-05", "--end", "2015-01-06", "--airlines", "DL", "AA")
    chosen = table[table["DAY"].isin([5, 6]) & table["AIRLINE"].isin(["AA", "DL"])]
    result = site.run("produce", "flights", *few, str(sample))
    assert last_line(result) == f"flights: {len(chosen):,} sent, 0 refused, 0 already there"
    days = table[table["DAY"] <= 8]
    result = site.run("produce", "flights", str(sample), "--end", "2015-01-08", "--speed", "10000000")
    assert last_line(result) == f"flights: {len(days) - len(chosen):,} sent, 0 refused, {len(chosen):,} already there"
    result = site.run("produce", "flights", str(sample), str(sample.parent))
    assert last_line(result) == f"flights: {len(table) - len(days):,} sent, 0 refused, {len(days):,} already there"
    assert "is the same as" in result.stderr
    assert sorted(flight.row for flight in flights(site)) == list(range(len(table)))


def test_speed_sends_in_the_order_of_departure(site: Site, sample: Path) -> None:
    site.run("produce", "flights", str(sample), "--end", "2015-01-03", "--speed", "10000000")
    found = flights(site)
    for airline in ("AA", "DL", "UA"):
        order = [(f.day, f.scheduled_departure) for f in found if f.airline == airline]
        assert len(order) > 200
        assert order == sorted(order)


def test_again_sends_the_file_as_a_run_of_its_own(site: Site, sample: Path, table: pd.DataFrame) -> None:
    for _ in range(2):
        result = site.run("produce", "flights", str(sample), "--again", "--airlines", "UA")
        assert "0 already there" in last_line(result)
    files = Counter(flight.file for flight in flights(site))
    assert list(files.values()) == [table["AIRLINE"].eq("UA").sum()] * 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_when_all_that_was_sent_is_there(site: Site, sample: Path, number: int, code: int) -> None:
    with running(site, str(sample), "--rate", "2000") as process:
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == code, stderr
    there = held(site)
    assert stdout.startswith(f"flights: {there:,} sent, 0 refused, 0 already there, {there:,} acknowledged in ")
    assert stdout.endswith(f" s (stopped); the topic holds {there:,}\n")


def test_rows_that_cannot_be_read_are_reported_and_kept_and_the_rest_continues(site: Site, tmp_path: Path) -> None:
    wrong = [line(month=str(month)) for month in range(13, 20)]
    path = write(tmp_path / "a.csv", LINE, *wrong, LINE, "2015,2,6")
    result = site.run("produce", "flights", str(path))
    assert last_line(result) == "flights: 2 sent, 8 refused, 0 already there"
    refused = [text for text in result.stderr.splitlines() if text.startswith("refused: ")]
    assert refused == [
        *(f"refused: {path}, line {row + 3}, column MONTH: '{13 + row}', not a month from 1 to 12" for row in range(5)),
        "refused: 3 more; each is kept on flights.dlq with its reason",
    ]
    letters = messages(site, FLIGHTS.dead_letters)
    assert [letter.value() for letter in letters] == [text.encode() for text in (*wrong, "2015,2,6")]
    found = flights(site)
    assert {flight.row for flight in found} == {0, 8}
    identity = found[0].file
    assert [letter.key() for letter in letters] == [f"{identity}/{row}".encode() for row in (*range(1, 8), 9)]
    assert letters[-1].headers() == [
        ("reason", f"{path}, line 11: 3 of 31 columns: the file ends in the middle of this row".encode())
    ]


def test_it_reports_as_json(site: Site, sample: Path, table: pd.DataFrame) -> None:
    result = site.run("--log-json", "produce", "flights", str(sample))
    found = events(result.stderr)
    last = [event for event in found if event["event"] == "progress"][-1]
    assert (last["done"], last["total"]) == (len(table), len(table))
    assert last["state"].startswith("flights")
    assert last["rate"] > 0
    assert found[-1]["event"] == "result"


def test_airlines_and_days_that_are_not_there(site: Site, sample: Path) -> None:
    result = site.run("produce", "flights", str(sample), "--airlines", "xx,ua", "--end", "2015-01-02")
    assert result.returncode == 1
    assert "no flight of XX was found: the files hold " in result.stderr
    assert "UA" in result.stderr.split("the files hold ")[1]
    assert ", from 2015-01-" in result.stderr
    assert "of UA" not in result.stderr
    result = site.run("produce", "flights", str(sample), "--start", "2016-01-01")
    assert result.returncode == 1
    assert "flights: 0 sent, 0 refused, 0 already there" in result.stdout
    assert "no flight was found in these days: the files hold 2015-01-01 to 2015-" in result.stderr


def test_a_run_in_which_every_row_is_refused_has_failed(site: Site, tmp_path: Path) -> None:
    result = site.run("produce", "flights", str(write(tmp_path / "a.csv", line(month="13"))))
    assert result.returncode == 1
    assert result.stdout.startswith("flights: 0 sent, 1 refused, 0 already there")


def test_a_file_of_another_layout_is_refused_before_anything_is_sent(site: Site, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "z.csv").write_text("FL_DATE,CARRIER\n2017-01-01,AA\n")
    result = site.run("produce", "flights", str(sample), str(tmp_path / "z.csv"))
    assert result.returncode == 1
    assert "has another layout: it lacks ORIGIN_AIRPORT" in result.stderr
    assert FLIGHTS.name not in Admin(site.connection).names()


def test_what_makes_no_sense_is_wrong_usage(tmp_path: Path) -> None:
    for options in (
        ["--rate", "5", "--speed", "60"],
        ["--start", "2015-02-01", "--end", "2015-01-01"],
        ["--rate", "0"],
    ):
        assert stockstream("produce", "flights", "a.csv", *options, cwd=tmp_path).returncode == 2


def test_airlines_may_follow_one_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert gathered(["a.csv", "--airlines", "AA", "DL"]) == ["a.csv", "--airlines", "AA,DL"]
    assert gathered(["--airlines", "AA", "DL", "a.csv", "b"]) == ["--airlines", "AA,DL", "a.csv", "b"]
    assert gathered(["--airlines", "AA", "--airlines", "9e", "B6"]) == ["--airlines", "AA", "--airlines", "9e,B6"]
    (tmp_path / "DL").touch()
    assert gathered(["--airlines", "AA", "DL"]) == ["--airlines", "AA", "DL"]


def test_real_files_with_the_counts_of_pandas(site: Site, real_data: Path) -> None:
    folder = real_data / "flights_2015"
    result = site.run("produce", "flights", str(folder))
    assert last_line(result) == "flights: 85,553 sent, 0 refused, 0 already there"
    columns = ["YEAR", "MONTH", "DAY", "AIRLINE"]
    rows = pd.concat(pd.read_csv(path, usecols=columns) for path in folder.glob("flight*.csv"))
    counted = Counter((f.year, f.month, f.day, f.airline) for f in flights(site))
    assert counted == rows.groupby(columns).size().to_dict()
