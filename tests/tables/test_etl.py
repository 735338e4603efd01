"""Raw lines beside the tables, and the Parquet that is made of them."""

from __future__ import annotations

import gzip
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from confluent_kafka import Message

from stockstream.cli import main
from stockstream.cli.context import Invocation
from stockstream.cli.reporter import PersonReporter
from stockstream.errors import Overtaken, TableError
from stockstream.kafka.batch import Batch
from stockstream.tables.delta import DeltaWriter
from stockstream.tables.etl import Made, etl
from stockstream.tables.location import Location
from stockstream.tables.objects import Objects
from stockstream.tables.raw import RawLines, source_of
from stockstream.tables.schema import BARS, FLIGHT_ROWS, Table
from tests.kafka.streams import own_topic
from tests.site import Site
from tests.tables.stored import count
from tests.tables.test_delta import rows
from tests.tables.test_store import SERIES, send, stored
from tests.views.bars import walk


def lines(table: Table[Any], location: Location) -> list[bytes]:
    files = Objects(location, f"raw/{table.topic.name}")
    return [line for name in sorted(files.names()) for line in gzip.decompress(files.read(name)).splitlines()]


def made(table: Table[Any], location: Location) -> list[Any]:
    """The records of the Parquet files."""
    files = Objects(location, f"clean/{table.topic.name}")
    found = [pq.read_table(pa.BufferReader(files.read(name))) for name in sorted(files.names())]
    for each in found:
        assert each.schema.names == list(table.fields)
        assert [each.schema.field(name).type for name in table.fields if name != "flags"] == [
            table.schema.field(name).type for name in table.fields if name != "flags"
        ]
    return [table.topic.record(**{**row, "flags": tuple(row["flags"])}) for each in found for row in each.to_pylist()]


def progress(_done: int, _total: int) -> None:
    pass


def test_raw_lines_are_the_messages_and_become_typed_parquet_once(running_site: Site, anywhere: Location) -> None:
    table = replace(BARS, topic=own_topic())
    broker = running_site.bootstrap_servers
    send(table, broker, SERIES)
    stored(table, anywhere, broker, raw=True, rows=200)
    send(table, broker, walk(20, 8, "TSLA"))
    stored(table, anywhere, broker, raw=True)
    everything = [*SERIES, *walk(20, 8, "TSLA")]
    assert sorted(lines(table, anywhere)) == sorted(map(table.topic.encode, everything))
    first = etl(table, anywhere, progress)
    assert (first.rows, first.refused) == (len(everything), 0)
    assert etl(table, anywhere, progress) == Made(0, 0, 0)
    assert sorted(made(table, anywhere), key=_order) == sorted(everything, key=_order)
    send(table, broker, walk(5, 9, "NVDA"))
    stored(table, anywhere, broker, raw=True)
    assert etl(table, anywhere, progress).rows == 5


def _order(bar: Any) -> tuple[Any, ...]:
    return bar.symbol, bar.time


def batch(start: int, end: int) -> Batch[Any]:
    bars = walk(end, 1, "AAPL")[start:end]
    sent = [
        Message(partition=0, offset=start + n, value=BARS.topic.encode(bar), timestamp=(1, 1_772_409_600_000))
        for n, bar in enumerate(bars)
    ]
    return Batch(records=bars, count=len(bars), messages=sent)


TOPIC_ID = "4b+b24eaSHSLAeGNF/Mjeg"  # base64, as librdkafka gives it


class RawWriter:
    """A process that stores partition 0 with ``--raw``, step by step."""

    def __init__(self, location: Location) -> None:
        self._raw, self._writer = RawLines(location, "stocks"), DeltaWriter(BARS, location, TOPIC_ID)
        self._raw.begin(TOPIC_ID, {0: self.position})

    @property
    def position(self) -> int:
        return self._writer.position(0) or 0

    def write(self, end: int) -> None:
        """Write the raw file."""
        self._raw.add(batch(self.position, end))
        self._raw.write(TOPIC_ID, {0: self.position}, {0: end})

    def commit(self, end: int) -> None:
        """Commit the rows."""
        self._writer.append(rows(self.position, end), {0: end})
        self._raw.committed({0: end})


def parts(location: Location) -> list[tuple[int, int]]:
    """The offsets of the raw files."""
    sources = [source_of(name) for name in Objects(location, "raw/stocks").names()]
    return sorted((source.start, source.end) for source in sources if source is not None)


def test_a_file_without_a_commit_is_left_and_is_removed_when_others_have_its_place(tmp_path: Path) -> None:
    location = Location.of(str(tmp_path))
    first = RawWriter(location)
    first.write(10)
    first.commit(10)
    first.write(30)  # killed here
    assert etl(BARS, location, progress) == Made(1, 10, 0)
    second = RawWriter(location)
    second.write(15)
    second.commit(15)
    assert parts(location) == [(0, 10), (10, 15), (10, 30)]
    assert etl(BARS, location, progress) == Made(1, 5, 0)
    second.write(30)
    second.commit(30)
    assert parts(location) == [(0, 10), (10, 15), (15, 30)]
    assert etl(BARS, location, progress) == Made(1, 15, 0)
    assert made(BARS, location) == walk(30, 1, "AAPL")


def test_a_file_of_the_same_messages_as_one_without_a_commit_stays(tmp_path: Path) -> None:
    location = Location.of(str(tmp_path))
    RawWriter(location).write(10)  # killed here
    second = RawWriter(location)
    second.write(10)
    second.commit(10)
    assert parts(location) == [(0, 10)]
    assert etl(BARS, location, progress) == Made(1, 10, 0)


@pytest.mark.parametrize("asked_between", [True, False])
@pytest.mark.parametrize("end", [12, 30, 40])
def test_a_writer_that_hung_replaces_no_file_of_its_successor(tmp_path: Path, end: int, *, asked_between: bool) -> None:
    location = Location.of(str(tmp_path))
    first = RawWriter(location)
    first.write(10)
    first.commit(10)
    second = RawWriter(location)
    for each in (20, 30):
        second.write(each)
        second.commit(each)
        if asked_between:
            etl(BARS, location, progress)
    first.write(end)  # wakes up
    with suppress(Overtaken):  # not where the other one has stored just this
        first.commit(end)
    third = RawWriter(location)
    third.write(50)
    third.commit(50)
    etl(BARS, location, progress)
    assert made(BARS, location) == walk(50, 1, "AAPL")
    assert etl(BARS, location, progress) == Made(0, 0, 0)


def test_offsets_without_readable_messages_have_an_empty_file(tmp_path: Path) -> None:
    location = Location.of(str(tmp_path))
    raw, writer = RawLines(location, "stocks"), DeltaWriter(BARS, location, TOPIC_ID)
    raw.write(TOPIC_ID, {0: 0}, {0: 7})
    writer.append(rows(0, 0), {0: 7})
    assert parts(location) == [(0, 7)]
    assert etl(BARS, location, progress) == Made(1, 0, 0)


def test_lines_of_other_programs_are_read_and_what_is_no_record_is_kept(tmp_path: Path) -> None:
    location = Location.of(str(tmp_path))
    bars = walk(3, 1, "AAPL")
    content = [*map(BARS.topic.encode, bars), b'{"symbol": "AAPL"}', b"", b"nonsense"]
    Objects(location, "raw/stocks").write("2026/03/firehose-1.jsonl", b"\n".join(content))
    assert etl(BARS, location, progress) == Made(1, 3, 2)
    assert made(BARS, location) == bars
    kept = Objects(location, "refused/stocks")
    assert kept.read("2026/03/firehose-1.jsonl").splitlines() == [content[3], content[5]]
    assert etl(BARS, location, progress) == Made(0, 0, 0)


def test_files_of_one_name_with_and_without_gz_are_both_made_and_no_other_kind_is(tmp_path: Path) -> None:
    location = Location.of(str(tmp_path))
    bars, raw = walk(5, 1, "AAPL"), Objects(Location.of(str(tmp_path)), "raw/stocks")
    raw.write("x.jsonl", b"\n".join([*map(BARS.topic.encode, bars[:2]), b"one"]))
    raw.write("x.jsonl.gz", gzip.compress(b"\n".join([*map(BARS.topic.encode, bars[2:]), b"two"])))
    for name in ("b.jsonl.zst", "x.jsonl.tmp", "x.jsonl.gz.1"):
        raw.write(name, BARS.topic.encode(bars[0]))
    assert etl(BARS, location, progress) == Made(2, 5, 2)
    assert sorted(made(BARS, location), key=_order) == bars
    refused = Objects(location, "refused/stocks")
    assert (refused.read("x.jsonl"), gzip.decompress(refused.read("x.jsonl.gz"))) == (b"one\n", b"two\n")
    assert etl(BARS, location, progress) == Made(0, 0, 0)


def test_a_damaged_file_is_named_and_those_behind_it_are_made(tmp_path: Path, site: Site) -> None:
    location = Location.of(str(tmp_path / "tables"))
    bars, raw = walk(300, 1, "AAPL"), Objects(location, "raw/stocks")
    whole = gzip.compress(b"\n".join(map(BARS.topic.encode, bars)))
    raw.write("a-short.jsonl.gz", whole[:-200])
    raw.write("b-wrong.jsonl.gz", whole[:60] + b"\xff" * 60 + whole[120:])
    raw.write("c-head.jsonl.gz", b"\x1f\x8b\x00nothing")
    raw.write("d-whole.jsonl.gz", whole)
    result = site.run("etl", "stocks", "--to", location.text)
    assert result.returncode == 1, result
    assert f"1 file of 300 rows made in {location.uri('clean/stocks')}" in result.stdout
    for name in ("a-short", "b-wrong", "c-head"):
        assert f"{raw.uri}/{name}.jsonl.gz is damaged: " in result.stderr
    assert "Traceback" not in result.stderr
    assert made(BARS, location) == bars
    raw.write("a-short.jsonl.gz", whole)
    assert etl(BARS, location, progress)[:3] == Made(1, 300, 0)[:3]


def test_line_breaks_within_a_message_do_not_end_its_line(tmp_path: Path) -> None:
    location = Location.of(str(tmp_path))
    bar = walk(1, 1, "AAPL")[0]
    pretty = msgspec.json.format(BARS.topic.encode(bar), indent=2)
    assert pretty.count(b"\n") > 5
    raw = RawLines(location, "stocks")
    raw.add(Batch(records=[bar], count=1, messages=[Message(partition=0, offset=0, value=pretty, timestamp=(1, 0))]))
    raw.write("one", {0: 0}, {0: 1})
    (line,) = lines(BARS, location)
    assert BARS.topic.decoder()(line) == bar


def test_a_process_that_was_overtaken_writes_no_raw_lines(tmp_path: Path) -> None:
    location = Location.of(str(tmp_path))
    zombie = DeltaWriter(BARS, location, "one")
    assert zombie.position(0) is None
    DeltaWriter(BARS, location, "one").append(rows(0, 10), {0: 10})
    with pytest.raises(TableError, match="another process stores"):
        zombie.confirm({0: 5})
    assert count(BARS, location) == 10


def test_a_place_without_raw_lines_is_said_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(
        TableError, match=r"there are no raw lines in .*none/raw/flights - `stockstream store flights --raw`"
    ):
        etl(FLIGHT_ROWS, Location.of(str(tmp_path / "none")), progress)
    assert not list(tmp_path.iterdir())


def test_the_command_says_what_it_made(site: Site, tmp_path: Path) -> None:
    from stockstream.topics import STOCKS

    place = str(tmp_path / "tables")
    site.send(STOCKS, SERIES[:50])
    storing = site.run("store", "stocks", "--raw", "--once", "--to", place)
    assert "stocks: 50 rows stored" in storing.stdout, storing
    Objects(Location.of(place), "raw/stocks").write("other.jsonl", b"nonsense\n")
    result = site.run("etl", "stocks", "--to", place)
    assert result.returncode == 0, result.stderr
    assert f"of 50 rows made in {place}/clean/stocks; 1 line is no record, and is kept" in result.stdout


class Impatient(PersonReporter):
    """Presses Ctrl-C when one file of two is made."""

    def progress(self, done: int, total: int | None, rate: float, state: str) -> None:
        super().progress(done, total, rate, state)
        if (done, total) == (1, 2):
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_says_what_is_made_and_the_rest_is_made_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STOCKSTREAM_STATE_DIR", str(tmp_path / "state"))
    place = str(tmp_path / "tables")
    for number, bar in enumerate(SERIES[:2]):
        Objects(Location.of(place), "raw/stocks").write(f"{number}.jsonl", BARS.topic.encode(bar))
    assert main.call(Invocation(_reporter=Impatient()), ["etl", "stocks", "--to", place]) == 130
    assert "stocks: stopped after 1 file; the same command makes the rest" in capsys.readouterr().err
    assert main.call(Invocation(), ["etl", "stocks", "--to", place]) == 0
    assert "stocks: 1 file of 1 rows made" in capsys.readouterr().out
