"""Raw lines beside the tables, and the Parquet that is made of them."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stockstream.errors import TableError
from stockstream.kafka.batch import Batch
from stockstream.tables.delta import DeltaWriter
from stockstream.tables.etl import Made, etl
from stockstream.tables.location import Location
from stockstream.tables.objects import Objects
from stockstream.tables.raw import RawLines, source_of
from stockstream.tables.schema import BARS, Table
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


class Sent:
    """A message: partition 0, an offset, a value."""

    def __init__(self, offset: int, value: bytes) -> None:
        self._offset, self._value = offset, value

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def value(self) -> bytes:
        return self._value

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_772_409_600_000


def batch(start: int, end: int) -> Batch[Any]:
    bars = walk(end, 1, "AAPL")[start:end]
    sent: list[Any] = [Sent(start + n, BARS.topic.encode(bar)) for n, bar in enumerate(bars)]
    return Batch(records=bars, count=len(bars), messages=sent)


def test_a_file_whose_rows_were_not_committed_is_written_again_and_left_until_then(tmp_path: Path) -> None:
    location = Location.of(str(tmp_path))
    topic_id = "4b+b24eaSHSLAeGNF/Mjeg"  # base64, as librdkafka gives it
    raw, writer = RawLines(location, "stocks"), DeltaWriter(BARS, location, topic_id)
    raw.add(batch(0, 10))
    raw.write(topic_id)
    writer.append(rows(0, 10), {0: 10})
    raw.add(batch(10, 30))
    raw.write(topic_id)  # killed here
    assert etl(BARS, location, progress) == Made(1, 10, 0)
    raw.add(batch(10, 15))
    raw.write(topic_id)
    writer.append(rows(10, 15), {0: 15})
    assert etl(BARS, location, progress) == Made(1, 5, 0)
    assert made(BARS, location) == walk(15, 1, "AAPL")
    sources = [source_of(name) for name in sorted(Objects(location, "raw/stocks").names())]
    assert [source.offset for source in sources if source is not None] == [0, 10]


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
    raw.add(Batch(records=[bar], count=1, messages=[Sent(0, pretty)]))  # type: ignore[list-item]
    raw.write("one")
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


def test_the_command_says_what_it_made(site: Site, tmp_path: Path) -> None:
    from stockstream.topics import STOCKS

    place = str(tmp_path / "tables")
    site.send(STOCKS, SERIES[:50])
    storing = site.run("store", "stocks", "--raw", "--once", "--to", place)
    assert "stocks: 50 rows stored" in storing.stdout, storing
    Objects(Location.of(place), "raw/stocks").write("other.jsonl", b"nonsense\n")
    result = site.run("etl", "stocks", "--to", place)
    assert result.returncode == 0, result.stderr
    assert f"of 50 rows made in {place}/clean/stocks; 1 lines are no records" in result.stdout
