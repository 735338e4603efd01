"""Readings of files of every format, and of files that grow."""

from __future__ import annotations

import gzip
import random
import zipfile
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from stockstream.errors import BadRow, SourceError
from stockstream.producers.aggregator import Aggregator, Origin
from stockstream.producers.readings.bars import ReadingBars
from stockstream.producers.readings.fields import Fields, Value
from stockstream.producers.readings.files import FileReadings
from stockstream.producers.readings.reading import Reading
from stockstream.records import READINGS, Bar, Series
from tests.producers.manual_clock import NOW, ManualClock

START = NOW.replace(second=0) - timedelta(hours=2)
ROWS = [(START + timedelta(seconds=7 * number), float(number % 13)) for number in range(300)]
FIELDS = Fields((Value("kW", "kW"),), time="ts")


class Messages:
    """Records the messages to the user."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)

    warn = note


def csv(rows: list[tuple[datetime, float]], *, header: bool = True) -> str:
    return ("ts,kW\n" if header else "") + "".join(f"{time.isoformat()},{value}\n" for time, value in rows)


def write_parquet(path: Path) -> None:
    parquet.write_table(pa.table({"ts": [time for time, _ in ROWS], "kW": [value for _, value in ROWS]}), path)


def write_zstd(path: Path) -> None:
    with pa.output_stream(str(path), compression="zstd") as stream:
        stream.write(csv(ROWS).encode())


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("plant.csv", csv(ROWS))


def json_lines(path: Path) -> None:
    path.write_text("".join(f'{{"ts": "{time.isoformat()}", "kW": {value}}}\n' for time, value in ROWS))


FORMS: dict[str, Callable[[Path], object]] = {
    "plant.csv": lambda path: path.write_text(csv(ROWS)),
    "plant.csv.gz": lambda path: path.write_bytes(gzip.compress(csv(ROWS).encode())),
    "plant.csv.zst": write_zstd,
    "plant.zip": write_zip,
    "plant.jsonl": json_lines,
    "plant.parquet": write_parquet,
}


@pytest.mark.parametrize("name", FORMS)
def test_a_file_of_any_form_gives_the_same_readings(tmp_path: Path, name: str) -> None:
    FORMS[name](tmp_path / name)
    for path in (tmp_path / name, tmp_path):
        found = list(FileReadings([path], FIELDS, reporter=Messages()))
        readings = [item for item in found if isinstance(item, Reading)]
        assert [(each.time, each.value) for each in readings] == ROWS
        assert {(each.symbol, each.unit) for each in readings} == {("plant", "kW")}
        assert not [item for item in found if isinstance(item, BadRow)]


@pytest.mark.parametrize("name", ["plant.csv.zst", "plant.parquet", "plant.csv.gz"])
def test_a_damaged_file_is_reported_in_a_line(tmp_path: Path, name: str) -> None:
    FORMS[name](tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match=name):
        list(FileReadings([tmp_path / name], FIELDS, reporter=Messages()))


class Follower:
    """Follows a path, and gives what is new at each look."""

    def __init__(self, path: Path) -> None:
        self.reported = Messages()
        self.clock = ManualClock()
        self.readings = FileReadings([path], FIELDS, follow=True, reporter=self.reported, clock=self.clock.clock)
        self._items = iter(self.readings)

    def news(self, looks: int = 2) -> list[float]:
        """The values that come in so many looks."""
        ends = self.clock.slept + looks + 0.1
        found = []
        while self.clock.slept < ends:
            item = next(self._items)
            if isinstance(item, Reading):
                found.append(item.value)
        return found


def test_a_file_is_followed_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "plant.csv"
    path.write_text(csv(ROWS[:3]))
    follower = Follower(path)
    assert follower.news() == [0.0, 1.0, 2.0]
    with path.open("a") as file:
        file.write(csv(ROWS[3:5], header=False)[:-3])
    assert follower.news() == [3.0], "the last line is not whole yet"
    with path.open("a") as file:
        file.write(csv(ROWS[3:5], header=False)[-3:])
    assert follower.news() == [4.0]
    path.write_text(csv(ROWS[5:6]))
    assert follower.news() == [5.0]
    assert follower.reported.lines == [f"{path} was cut: it is read from its beginning"]


def test_new_files_in_a_folder_are_read_and_renamed_ones_are_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(csv(ROWS[:2]))
    follower = Follower(tmp_path)
    assert follower.news() == [0.0, 1.0]
    (tmp_path / "a.csv").rename(tmp_path / "b.csv")
    (tmp_path / "a.csv").write_text(csv(ROWS[2:4]))
    assert follower.news() == [2.0, 3.0]
    packed = gzip.compress(csv(ROWS[4:6]).encode())
    (tmp_path / "c.csv.gz").write_bytes(packed[:20])
    assert follower.news(1) == []
    (tmp_path / "c.csv.gz").write_bytes(packed)
    assert follower.news(3) == [4.0, 5.0]
    assert follower.news(3) == []


class Topic:
    """What a topic holds, as `ReadingBars` asks for it."""

    def __init__(self) -> None:
        self.bars: dict[Series, dict[datetime, Bar]] = {}
        self.sent = 0

    def held(self, series: Collection[Series]) -> dict[Series, dict[datetime, Bar]]:
        return {each: dict(self.bars.get(each, {})) for each in series}

    def run(self, *paths: Path, most: int | None = None) -> int:
        """Send files, as far as a number of bars; the bars that were passed over."""
        source = FileReadings(list(paths), FIELDS, reporter=Messages())
        origin = Origin("file", READINGS)
        bars = ReadingBars(source, Aggregator("1m", origin, lateness=None), origin, live=False)
        bars.hold_until(lambda: source.complete, self.held, None)
        self.sent = 0
        for bar in bars:
            if isinstance(bar, Bar):
                if self.sent == most:
                    break
                self.bars.setdefault(bar.series, {})[bar.time] = bar
                self.sent += 1
        return bars.already

    @property
    def volume(self) -> float:
        return sum(bar.volume or 0.0 for bars in self.bars.values() for bar in bars.values())


def test_shuffled_files_give_the_bars_of_all_readings(tmp_path: Path) -> None:
    rows = ROWS[:]
    random.Random(1).shuffle(rows)
    (tmp_path / "plant.csv").write_text(csv(rows[:150]))
    (tmp_path / "plant.2.csv").write_text(csv(rows[150:]))
    topic, whole = Topic(), Topic()
    topic.run(tmp_path)
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "plant.csv").write_text(csv(ROWS))
    whole.run(tmp_path / "one")
    assert topic.bars == whole.bars
    assert topic.volume == len(ROWS)


@pytest.mark.parametrize("most", [0, 1, 17])
def test_a_run_that_was_killed_is_completed_by_the_next(tmp_path: Path, most: int) -> None:
    path = tmp_path / "plant.csv"
    path.write_text(csv(ROWS))
    topic, whole = Topic(), Topic()
    whole.run(path)
    topic.run(path, most=most)
    assert topic.run(path) == most
    assert topic.bars == whole.bars
    assert topic.run(path) == whole.sent
    assert topic.sent == 0


def test_only_bars_that_changed_are_sent_again(tmp_path: Path) -> None:
    path = tmp_path / "plant.csv"
    path.write_text(csv(ROWS))
    topic = Topic()
    topic.run(path)
    path.write_text(csv([*ROWS, (ROWS[100][0] + timedelta(seconds=1), 99.0)]))
    topic.run(path)
    assert topic.sent == 1
    (changed,) = [bar for bars in topic.bars.values() for bar in bars.values() if bar.revision]
    assert (changed.high, changed.revision) == (99.0, 1)


def test_flags_of_the_checks_make_no_bar_a_changed_one(tmp_path: Path) -> None:
    """The topic's bars have the flags of their checks; those of the next run are checked before they are compared."""
    rows = [(ROWS[0][0] + timedelta(minutes=number), 5.0) for number in range(40)]
    path = tmp_path / "plant.csv"
    path.write_text(csv(rows))
    topic = Topic()
    topic.run(path)
    flags = [bar.flags for bars in topic.bars.values() for bar in bars.values()]
    assert flags.count(("frozen",)) == 21
    assert topic.run(path) == len(flags)
    assert topic.sent == 0


def test_the_first_bar_stays_where_the_file_with_its_beginning_is_gone(tmp_path: Path) -> None:
    (tmp_path / "plant.1.csv").write_text(csv(ROWS[:105]))
    (tmp_path / "plant.2.csv").write_text(csv(ROWS[105:]))
    topic = Topic()
    topic.run(tmp_path)
    (tmp_path / "plant.1.csv").unlink()
    topic.run(tmp_path)
    assert (topic.sent, topic.volume) == (0, len(ROWS))


def test_flags_stay_where_the_files_before_a_bar_are_gone(tmp_path: Path) -> None:
    """The second file begins after a frozen run of 25 bars and has a jump at its fifth bar."""
    values = [5.0 + number % 2 / 10 for number in range(40)] + [5.0] * 28 + [90.0] + [5.0] * 3
    rows = [(ROWS[0][0] + timedelta(minutes=number), value) for number, value in enumerate(values)]
    (tmp_path / "plant.1.csv").write_text(csv(rows[:64]))
    (tmp_path / "plant.2.csv").write_text(csv(rows[64:]))
    topic = Topic()
    topic.run(tmp_path)
    flags = {flag for bars in topic.bars.values() for bar in bars.values() for flag in bar.flags}
    assert flags == {"frozen", "jump"}
    before = {series: dict(bars) for series, bars in topic.bars.items()}
    (tmp_path / "plant.1.csv").unlink()
    assert topic.run(tmp_path) == 8
    assert (topic.sent, topic.bars) == (0, before)


def test_a_folder_without_files_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no"):
        list(FileReadings([tmp_path], FIELDS, reporter=Messages()))
