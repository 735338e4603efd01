"""Replays of flights: their rows and order, without rows that the topic holds."""

from __future__ import annotations

import gzip
import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stockstream.errors import BadRow, SourceError
from stockstream.producers.csv_files import find
from stockstream.producers.flight_rows import RowReader
from stockstream.producers.flights import COMPANIONS, Choice, FlightFile, Replay, departure, examine
from stockstream.producers.sample import sample_flights
from stockstream.records import Flight
from tests.producers.flight_lines import HEADER, LINE, line, write


def files(*paths: Path) -> list[FlightFile]:
    return [examine(csv) for csv in find(paths, COMPANIONS)[0]]


def flights(items: Iterable[Flight | BadRow | None]) -> list[Flight]:
    return [item for item in items if isinstance(item, Flight)]


def bad(items: Iterable[Flight | BadRow | None]) -> list[BadRow]:
    return [item for item in items if isinstance(item, BadRow)]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.csv"
    path.write_bytes(sample_flights())
    return path


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    content = f"{HEADER}\r\n{LINE}\r\n{LINE}".encode()
    plain, packed = tmp_path / "a.csv", tmp_path / "b.csv.gz"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    one, other = files(plain, packed)
    assert one.identity == other.identity == hashlib.sha256(content).hexdigest()[:16]
    assert one.lines == other.lines == 2
    assert len({one.identity, one.again().identity, one.again().identity}) == 3
    assert len(one.again().identity) == 16


def test_rows_count_from_0_and_those_that_cannot_be_read_keep_their_number(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", LINE, "hello", "", LINE, line(month="13"), LINE, "2015,1")
    (file,) = files(path)
    items = list(Replay([file]))
    assert [(flight.file, flight.row) for flight in flights(items)] == [(file.identity, row) for row in (0, 2, 4)]
    # The blank line is not a row, but a line.
    assert [(row.line, row.key) for row in bad(items)] == [
        (3, f"{file.identity}/1"),
        (6, f"{file.identity}/3"),
        (8, f"{file.identity}/5"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark(tmp_path: Path, end: str, mark: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes((mark + end.join((HEADER, LINE, LINE, ""))).encode())
    (file,) = files(path)
    assert file.lines == 2
    assert len(flights(Replay([file]))) == 2


def test_files_that_hold_nothing(tmp_path: Path) -> None:
    for content, reason in ((b"", "is empty"), (b"\r\n", "is empty"), (HEADER.encode(), "a header and no rows")):
        path = tmp_path / "a.csv"
        path.write_bytes(content)
        with pytest.raises(SourceError, match=reason):
            files(path)


def test_what_the_topic_holds_is_passed_over(sample: Path) -> None:
    (file,) = files(sample)
    held = set(range(0, file.lines, 3))
    replay = Replay([file], held={file.identity: held, "another": set(range(10))})
    assert {flight.row for flight in flights(replay)} == set(range(file.lines)) - held
    assert replay.already == len(held)
    assert replay.done == replay.total == file.lines


def test_blocks_with_held_blank_and_bad_lines_are_read_as_those_without(tmp_path: Path, sample: Path) -> None:
    header, *lines = sample.read_text().splitlines()
    content = [header, *lines[:2_000], "", "hello", *lines[2_000:]]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(content))
    (file,) = files(path)
    held = {*range(1_900, 1_990), *range(2_010, 2_100), file.lines - 2}
    replay = Replay([file], held={file.identity: held})
    items = list(replay)
    read = RowReader(str(path), file.identity).read
    rows = list(enumerate((text, number) for number, text in enumerate(content[1:], 2) if text))
    assert flights(items) == flights(read(text.encode(), row, line) for row, (text, line) in rows if row not in held)
    assert [(row.line, row.key) for row in bad(items)] == [(2_003, f"{file.identity}/2000")]
    assert (replay.already, replay.done) == (len(held), replay.total)


def test_the_choice_is_what_pandas_would_choose(sample: Path) -> None:
    (file,) = files(sample)
    table = pd.read_csv(sample)
    chosen = table[table["AIRLINE"].isin(["AA", "UA"]) & table["DAY"].between(3, 7)]
    choice = Choice(date(2015, 1, 3), date(2015, 1, 7), frozenset({"AA", "UA", "XX"}))
    replay = Replay([file], choice=choice)
    assert [flight.row for flight in flights(replay)] == chosen.index.tolist()
    assert replay.airlines == {"AA", "UA"}
    held = set(range(0, file.lines, 2))
    again = Replay([file], choice=choice, held={file.identity: held})
    assert [flight.row for flight in flights(again)] == [row for row in chosen.index.tolist() if row % 2]
    assert again.already == sum(row in held for row in chosen.index)


def test_start_alone_and_end_alone(sample: Path) -> None:
    (file,) = files(sample)
    early = flights(Replay([file], choice=Choice(end=date(2015, 1, 10))))
    late = flights(Replay([file], choice=Choice(start=date(2015, 1, 11))))
    assert {flight.day for flight in early} == set(range(1, 11))
    assert len(early) + len(late) == file.lines


def test_by_departure_gives_the_same_flights_sorted(tmp_path: Path, sample: Path) -> None:
    packed = tmp_path / "b.csv.gz"
    packed.write_bytes(gzip.compress(f"{HEADER}\n{line(month='1', day='2')}\nhello\n{LINE}".encode()))
    every = files(sample, packed)
    replay = Replay(every)
    items = list(replay.by_departure())
    found = flights(items)
    assert [row.line for row in bad(items)] == [3]
    assert isinstance(next(item for item in items if item is not None), BadRow)
    assert Counter(found) == Counter(flights(Replay(every)))
    assert np.all(np.diff([departure(flight) for flight in found]) >= 0)
    assert found[-1].file == every[1].identity
    assert replay.done == replay.total == len(found)


def test_by_departure_leaves_out_what_is_not_chosen_or_held(sample: Path) -> None:
    (file,) = files(sample)
    held = set(range(0, file.lines, 2))
    choice = Choice(airlines=frozenset({"DL"}))
    replay = Replay([file], choice=choice, held={file.identity: held})
    unsorted = flights(Replay([file], choice=choice, held={file.identity: held}))
    assert Counter(flights(replay.by_departure())) == Counter(unsorted)
    assert replay.already > 0


def test_by_departure_of_nothing(sample: Path) -> None:
    (file,) = files(sample)
    assert flights(Replay([file], held={file.identity: range(file.lines)}).by_departure()) == []


def test_midnight_at_the_end_of_a_day_is_where_the_next_begins() -> None:
    def at(**changes: str) -> int:
        found = RowReader("a.csv", "0123456789abcdef").read(line(**changes).encode(), 0, 2)
        assert isinstance(found, Flight)
        return departure(found)

    assert at(day="6", scheduled_departure="2400") == at(day="7", scheduled_departure="0")
    assert at(scheduled_departure="1712") - at(scheduled_departure="1659") == 13


def test_there_is_a_none_now_and_then_even_where_nothing_is_chosen(sample: Path) -> None:
    (file,) = files(sample)
    items = list(Replay([file], choice=Choice(airlines=frozenset({"XX"}))))
    assert set(items) == {None}
    assert len(items) >= file.lines // 1_000


def test_real_files_give_every_row_once(real_data: Path) -> None:
    folder = real_data / "flights_2015"
    found, passed = find([folder], COMPANIONS)
    assert [Path(name).name for name in passed] == ["airlines.csv", "airports.csv"]
    replay = Replay([examine(csv) for csv in found])
    items = list(replay)
    assert bad(items) == []
    table = pd.concat([pd.read_csv(csv.path, dtype=str, usecols=["YEAR", "MONTH", "DAY", "AIRLINE"]) for csv in found])
    counted = Counter((str(f.year), str(f.month), str(f.day), f.airline) for f in flights(items))
    assert counted == table.groupby(["YEAR", "MONTH", "DAY", "AIRLINE"]).size().to_dict()
