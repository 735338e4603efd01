"""A series in any layout, dialect and order of dates is read back as the same bars, or is refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from stockstream.errors import BadRow, SourceError
from stockstream.producers.csv_files import find
from stockstream.producers.stock_csv import Overrides, StockFiles, examine

EASTERN = ZoneInfo("America/New_York")
NAMES = {
    "Yahoo": ("Date", "Open", "High", "Low", "Close", "Volume"),
    "Nasdaq": ("Date", "Open", "High", "Low", "Close/Last", "Volume"),
    "investing": ("Date", "Open", "High", "Low", "Price", "Vol."),
    "Stooq": ("<DATE>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"),
    "lower": ("timestamp", "open", "high", "low", "close", "volume"),
    "pandas": ("", "OPEN", "HIGH", "LOW", "CLOSE", "VOLUME"),
}
DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%y", "%m/%d/%y", "%b %d, %Y")
TIMES = ("%Y-%m-%d %H:%M:%S%z", "%Y-%m-%dT%H:%MZ", "%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "s", "ms", "us", "ns")
FACTORS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}

Row = tuple[datetime, tuple[float, ...]]


@dataclass(frozen=True)
class Style:
    """How a file is written."""

    names: Sequence[str]
    order: Sequence[int]
    time: str
    separator: str
    decimal: str
    thousands: str
    currency: str
    decimals: int
    encoding: str
    end: str
    newest_first: bool

    def number(self, value: float, *, volume: bool = False) -> str:
        text = f"{value:,.{0 if volume else self.decimals}f}"
        marks = {",": self.thousands, ".": self.decimal}
        text = "".join(marks.get(sign, sign) for sign in text)
        return text if volume else f"{self.currency}{text}"

    def moment(self, time: datetime) -> str:
        return str(int(time.timestamp()) * FACTORS[self.time]) if self.time in FACTORS else time.strftime(self.time)

    def write(self, path: Path, rows: Sequence[Row]) -> None:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.separator, lineterminator=self.end)
        writer.writerow([self.names[place] for place in self.order])
        for time, numbers in reversed(rows) if self.newest_first else rows:
            cells = [self.moment(time), *map(self.number, numbers[:4]), self.number(numbers[4], volume=True)]
            writer.writerow([cells[place] for place in self.order])
        path.write_bytes(text.getvalue().encode(self.encoding))


@st.composite
def styles(draw: st.DrawFn, times: Sequence[str]) -> Style:
    layout = draw(st.sampled_from(sorted(NAMES)))
    rest = draw(st.permutations(range(1, 6)))
    decimal = draw(st.sampled_from(".,"))
    separator = draw(st.sampled_from(",;\t|"))
    grouped = {".": ",", ",": "."}[decimal]
    # Who separates cells by commas has decimal points: a file that does not is read by that rule.
    marks = ["", " ", "'"] if (separator, grouped) == (",", ".") else ["", " ", "'", grouped]
    return Style(
        names=NAMES[layout],
        order=(0, *rest) if layout == "pandas" else draw(st.permutations(range(6))),
        time=draw(st.sampled_from(times)),
        separator=separator,
        decimal=decimal,
        thousands=draw(st.sampled_from(marks)),
        currency=draw(st.sampled_from(["", "$", "€"])),
        decimals=draw(st.integers(0, 4)),
        encoding=draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])),
        end=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        newest_first=draw(st.booleans()),
    )


@st.composite
def rows(draw: st.DrawFn, step: timedelta, style: Style) -> list[Row]:
    scale = draw(st.sampled_from([1.0, 30.0, 900.0, 40_000.0, 2_000_000.0]))
    time = draw(st.datetimes(datetime(1975, 1, 1), datetime(2035, 1, 1))).replace(tzinfo=UTC)  # noqa: DTZ001
    time -= (time - datetime(1970, 1, 1, tzinfo=UTC)) % step
    found: list[Row] = []
    for number in range(draw(st.integers(3, 40))):
        if number % 5 == 4:
            time += step * draw(st.integers(0, 3))
        prices = [round(scale * draw(st.floats(0.5, 2)), style.decimals) for _ in range(2)]
        volume = draw(st.integers(0, 10**9))
        found.append((time, (prices[0], max(prices), min(prices), prices[1], float(volume))))
        time += step
    return found


def open_to_doubt(written: Sequence[Row], style: Style, refused: str) -> str:
    """What the file leaves open; fails where it does not."""
    assert " may be " in refused, refused
    if "--decimal" in refused:
        assert style.thousands in ".," or style.decimals == 3, refused
        return "decimals"
    assert style.time.startswith(("%d", "%m")), refused
    assert style.time.endswith("%y") or all(time.day <= 12 for time, _ in written), refused
    return "dates"


def check(written: Sequence[Row], style: Style, expected: Sequence[datetime], overrides: Overrides) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "KO.csv"
        style.write(path, written)
        try:
            (file,) = (examine(csv, overrides) for csv in find([path])[0])
        except SourceError as error:
            refused = str(error)
        else:
            refused = ""
            items = list(StockFiles([file]))
    if refused:
        event(f"refused: {open_to_doubt(written, style, refused)}")
        return
    assert not [str(item) for item in items if isinstance(item, BadRow)]
    bars = {
        bar.time: (bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in items if not isinstance(bar, BadRow)
    }
    assert bars == {time: numbers for time, (_, numbers) in zip(expected, written, strict=True)}
    event("read")


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_daily_bars_read_back_or_are_refused(data: st.DataObject) -> None:
    style = data.draw(styles(DATES))
    written = data.draw(rows(timedelta(days=1), style))
    assume(not style.time.endswith("%y") or all(1970 <= time.year < 2070 for time, _ in written))
    check(written, style, [time for time, _ in written], Overrides(interval="1d"))


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_bars_of_five_minutes_read_back_or_are_refused(data: st.DataObject) -> None:
    style = data.draw(styles(TIMES))
    written = data.draw(rows(timedelta(minutes=5), style))
    check(written, style, [time for time, _ in written], Overrides(interval="5m"))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_local_times_read_back_to_the_instants_all_year_round(data: st.DataObject) -> None:
    style = data.draw(styles(["%Y-%m-%d %H:%M", "%Y/%m/%d %I:%M %p", "%d.%m.%Y %H:%M:%S"]))
    written = data.draw(rows(timedelta(minutes=30), style))
    autumn = data.draw(st.sampled_from([datetime(2024, 11, 3, 3, tzinfo=UTC), datetime(2024, 3, 10, 5, tzinfo=UTC)]))
    moved = [(autumn + (time - written[0][0]), numbers) for time, numbers in written]
    local = [(time.astimezone(EASTERN).replace(tzinfo=None), numbers) for time, numbers in moved]
    passes = [one for one, later in pairwise(local) if later[0] < one[0]]
    lone = {time for time, _ in moved if time.astimezone(EASTERN).fold} and not passes
    assume(not lone)  # where the first pass is not there, the second one cannot be distinguished from it
    check(local, style, [time for time, _ in moved], Overrides(interval="30m", zone=EASTERN))


HEADERS = (
    "Date,Open,High,Low,Close,Volume",
    "Price,Close,High,Low,Open\nTicker,A,A,A,A\nDate,,,,",
    ",o,h,l,c",
    "",
    "a,b",
)
CELLS = (
    "2025-01-02", "01/02/2025", "31.12.2024 10:30", "1610064000000", "20250102", "093000", "1.5", "1,234", "1.2M",
    "null", "", "$5", "ÿ", "\0", "\r", '"', "9" * 30, "2025-11-02 01:30", "2025-03-09 02:30", "0001-01-01",
    "9999-12-31 23:59Z",
    "2025-01-02 10:00:00+05:30", "2025-01-02T10:00:00-23:59", "1e400", "24:00", "-5", "2025-02-30", "١٢٣",
    "31-Foo-2024",
)  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    header=st.sampled_from(HEADERS),
    rows=st.lists(st.lists(st.sampled_from(CELLS), min_size=1, max_size=7), max_size=12),
    separator=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-16-le"]),
    cut=st.integers(0, 400),
    interval=st.sampled_from([None, "1m", "1d"]),
    zone=st.sampled_from([None, EASTERN]),
)
def test_whatever_a_file_holds_it_is_read_or_refused(
    header: str,
    rows: list[list[str]],
    separator: str,
    encoding: str,
    cut: int,
    interval: str | None,
    zone: ZoneInfo | None,
) -> None:
    text = "\n".join([header, *(",".join(row) for row in rows)]).replace(",", separator)
    data = text.encode(encoding)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "KO.csv"
        path.write_bytes(data[: len(data) - cut] if cut % 2 else data)
        try:
            files = [examine(csv, Overrides(interval=interval, zone=zone)) for csv in find([path])[0]]
        except SourceError:
            return
        bars = [item for item in StockFiles(files) if not isinstance(item, BadRow)]
    assert len({(bar.symbol, bar.time) for bar in bars}) == len(bars)
