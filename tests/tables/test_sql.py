"""SQL over the tables: views, macros, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import write_deltalake
from msgspec import structs

from stockstream import plugins, tables
from stockstream.errors import StockstreamError
from stockstream.indicators.catalog import catalog, of_bars
from stockstream.records import Alert, Bar, Flight
from stockstream.tables.location import Location
from stockstream.tables.macros import CHOICES
from stockstream.tables.schema import BARS
from stockstream.tables.sql import open_database
from stockstream.tables.statements import explained, statements
from stockstream.views.fold import Selection
from stockstream.views.series import SeriesFold
from tests.cli.helpers import clean, stockstream
from tests.everywhere.test_kept import odd_walk
from tests.producers.stock_csv.helpers import read as read_csv
from tests.tables.buckets import Bucket
from tests.tables.lake import SENT_AT, row, rows_with_dates, store_alerts, store_bars, store_flights, write
from tests.views.bars import bar, walk


def flight(number: int, airline: str = "AA", day: int = 1, **fields: object) -> Flight:
    """A flight of January 2015, all that is not needed unknown."""
    unknown = dict.fromkeys(Flight.__struct_fields__)
    values = unknown | {"file": "f" * 16, "row": number, "year": 2015, "month": 1, "day": day, "airline": airline}
    return Flight(**(values | {"origin_airport": "JFK", "destination_airport": "SFO"} | fields))  # type: ignore[arg-type]


def closes(folder: Path) -> list[float]:
    """The closes that the view has, in the order of time; a macro must have the same."""
    with open_database(Location.of(str(folder))) as database:
        rows = database.connection.execute("SELECT close FROM bars ORDER BY time").fetchall()
        same = database.connection.execute("SELECT close FROM sma('AAPL', period := 1) ORDER BY time").fetchall()
    assert rows == same
    return [close for (close,) in rows]


def test_of_one_partition_the_highest_offset_counts_whatever_the_clock_said(tmp_path: Path) -> None:
    store_bars(tmp_path, [bar(0, 1.0), bar(1, 2.0), bar(2, 3.0)])
    early = SENT_AT - timedelta(hours=1)
    write(tmp_path, BARS, [row(BARS, bar(1, 9.0), 7, kafka_time=early), row(BARS, bar(0, 8.0), 5, kafka_time=early)])
    assert closes(tmp_path) == [8.0, 9.0, 3.0]


def test_of_several_partitions_that_sent_last_counts(tmp_path: Path) -> None:
    store_bars(tmp_path, [bar(0, 1.0), bar(1, 2.0)], start=100)
    later = SENT_AT + timedelta(hours=1)
    write(tmp_path, BARS, [row(BARS, bar(1, 9.0), 3, kafka_time=later, kafka_partition=2)])
    write(tmp_path, BARS, [row(BARS, bar(0, 7.0), 4, kafka_time=SENT_AT - timedelta(hours=1), kafka_partition=2)])
    assert closes(tmp_path) == [1.0, 9.0]


def test_a_topic_that_was_made_anew_counts_from_its_first_offset(tmp_path: Path) -> None:
    store_bars(tmp_path, [bar(0, 1.0), bar(1, 2.0)], start=100)
    later = SENT_AT + timedelta(hours=1)
    write(tmp_path, BARS, [row(BARS, bar(1, 9.0), 0, kafka_topic_id="two", kafka_time=later)])
    assert closes(tmp_path) == [1.0, 9.0]


def test_bars_that_were_stored_late_are_in_the_order_of_time(tmp_path: Path) -> None:
    bars = walk(50)
    store_bars(tmp_path, bars[25:])
    store_bars(tmp_path, bars[:25], start=25)
    assert closes(tmp_path) == [each.close for each in bars]


def test_a_row_of_a_file_is_one_flight_and_days_are_counted_as_windows_count_them(tmp_path: Path) -> None:
    flights = [
        flight(0),
        flight(1),
        flight(2, "DL"),
        flight(3, day=2),
        flight(4, "", day=2),
        flight(5, month=2, day=30),
    ]
    store_flights(tmp_path, flights)
    store_flights(tmp_path, flights[:3], start=50, kafka_partition=1)
    with open_database(Location.of(str(tmp_path))) as database:
        assert database.connection.execute("SELECT count(*) FROM flights").fetchone() == (6,)
        assert database.connection.execute("SELECT count(*) FROM stored_flights").fetchone() == (9,)
        days = database.connection.execute("SELECT day::VARCHAR, airline, flights FROM flights_per_day").fetchall()
        assert not database.macros
    assert days == [("2015-01-01", "AA", 2), ("2015-01-01", "DL", 1), ("2015-01-02", "AA", 1)]


@pytest.fixture(scope="module")
def oddities() -> list[Bar]:
    """Bars with doubts, unknown numbers, zones and a forming end, as they were sent: late ones and corrections, too."""
    sent = [structs.replace(each, tz="America/New_York") for each in odd_walk(11, 600)]
    return [*sent, structs.replace(max(sent, key=lambda each: each.time), final=False)]


@pytest.fixture(scope="module")
def odd_tables(oddities: list[Bar], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    for start in range(0, len(oddities), 150):
        store_bars(folder, oddities[start : start + 150], start)
    return folder


def test_every_macro_has_the_values_of_its_window_of_a_real_file(real_data: Path, tmp_path: Path) -> None:
    bars = read_csv(real_data / "stocks_intraday" / "AAPL_1m.csv")
    store_bars(tmp_path, bars)
    with open_database(Location.of(str(tmp_path))) as database:
        for macro in database.macros:
            fold = SeriesFold.of(macro.kind)(Selection(("AAPL",)), {})
            fold.apply(bars)
            found = database.connection.execute(f"FROM {macro.name}('AAPL')").fetchnumpy()
            for name in macro.kind.fields:
                values = np.ma.asarray(found[name], dtype=np.float64).filled(np.nan)
                np.testing.assert_array_equal(values, fold.frame("AAPL")[name], err_msg=f"{macro.name}.{name}")


@pytest.mark.parametrize("resample", [None, "5m"])
def test_every_macro_has_the_values_of_its_window(oddities: list[Bar], odd_tables: Path, resample: str | None) -> None:
    with open_database(Location.of(str(odd_tables))) as database:
        assert {macro.name for macro in database.macros} == {name for name, kind in catalog().items() if of_bars(kind)}
        for macro in database.macros:
            fold = SeriesFold.of(macro.kind)(Selection(("AAPL",), resample=resample), {})
            fold.apply(oddities)
            frame = fold.frame("AAPL")
            text = "NULL" if resample is None else f"'{resample}'"
            found = database.connection.execute(f"FROM {macro.name}('AAPL', resample := {text})").fetchnumpy()
            assert list(found)[:4] == ["symbol", "interval", "feed", "time"]
            for name in list(found)[3:]:
                values = found[name]
                if isinstance(values, np.ma.MaskedArray):
                    assert not np.isnan(values.compressed()).any()  # NaN is NULL
                    values = values.filled(np.nan)
                np.testing.assert_array_equal(values, frame[name], err_msg=f"{macro.name}.{name}")


def test_parameters_are_those_of_the_indicator_with_its_defaults(odd_tables: Path) -> None:
    with open_database(Location.of(str(odd_tables))) as database:
        for macro in database.macros:
            described = {each.name: each.default for each in macro.parameters}
            assert all(name in macro.signature for name in (*described, *CHOICES))
        run = database.connection.execute
        named = run("FROM bollinger('AAPL', period := 9, width := 1.5)").fetchall()
        assert named == run("FROM bollinger('AAPL', 9, 1.5)").fetchall()
        assert named == run("FROM bollinger('AAPL', 9, 1.5, interval := '1m', feed := 'market')").fetchall()
        assert named != run("FROM bollinger('AAPL')").fetchall()


@pytest.mark.parametrize(
    ("statement", "result"),
    [
        ("FROM sma('AAPL', period := 2.5)", "sma: period should be a whole number, not 2.5"),
        ("FROM sma('AAPL', period := 0)", "sma: period"),
        ("FROM sma('IBM')", "the table bars holds nothing of IBM - it holds AAPL"),
        (
            "FROM sma('AAPL', interval := '1d')",
            "holds nothing of AAPL 1d - it holds AAPL 1m; resample := '1d' makes bars of 1d",
        ),
        ("FROM sma('AAPL', interval := '30s')", "holds nothing of AAPL 30s - it holds AAPL 1m"),
        ("FROM sma('AAPL', interval := 'hour')", "holds nothing of AAPL hour - it holds AAPL 1m"),
        ("FROM sma('AAPL', resample := '1m')", "bars of AAPL 1m do not add up to bars of 1m"),
        ("FROM sma('AAPL', resample := '90s')", "90s"),
        ("FROM sma('AAPL', perod := 3)", "it is sma(symbol := NULL, period := 20"),
        ("SELECT foo FROM bars", "at line 1, column 8"),
        ("SELECT *\nFROM bars\nWHERE clse > 3", 'at line 3, column 7 - there are: "close"'),
        (f"SELECT '{'x' * 200}', foo FROM bars", "at line 1, column 212"),
        ("SELECT FROM", "syntax error"),
        ("FROM flights", "`stockstream store flights` makes it"),
        ("FROM bolinger('AAPL')", "is bollinger meant?"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(odd_tables: Path, statement: str, result: str) -> None:
    with open_database(Location.of(str(odd_tables))) as database:
        try:
            statements(statement)
            database.connection.execute(statement)
        except duckdb.Error as error:
            message = str(explained(str(error), statement))
        except StockstreamError as error:
            message = str(error)
        assert result in message
        assert "\n" not in message
        assert "Traceback" not in message


def test_a_symbol_of_several_series_is_to_be_distinguished(tmp_path: Path) -> None:
    store_bars(tmp_path, [*walk(30), *(structs.replace(each, interval="5m") for each in walk(20))])
    with open_database(Location.of(str(tmp_path))) as database:
        with pytest.raises(duckdb.Error, match="AAPL stands for 2 series - choose one of: interval := '1m', feed"):
            database.connection.execute("FROM sma('AAPL')")
        counts = "SELECT interval, count(*), count(sma) FROM sma() GROUP BY ALL ORDER BY ALL"
        assert database.connection.execute(counts).fetchall() == [("1m", 30, 11), ("5m", 20, 1)]


def test_a_folder_without_tables_says_how_they_are_made(tmp_path: Path) -> None:
    with pytest.raises(StockstreamError, match=r"there are no tables in .* - `stockstream store stocks` makes them"):
        tables.connect(tmp_path)
    with pytest.raises(StockstreamError, match="is no place for tables"):
        tables.connect("gs://bucket")


def test_only_files_that_can_hold_the_rows_are_opened(tmp_path: Path) -> None:
    bars = [structs.replace(each, time=each.time + timedelta(days=day)) for day in range(4) for each in walk(5)]
    store_bars(tmp_path, bars)
    for file in (tmp_path / "bars").glob("date=*/*.parquet"):
        if "2026-03-04" not in str(file):
            file.write_bytes(b"no parquet")
    with open_database(Location.of(str(tmp_path))) as database:
        run = database.connection.execute
        condition = "time >= '2026-03-04' AND time < '2026-03-05'"
        assert run(f"SELECT count(*) FROM bars WHERE {condition}").fetchone() == (5,)
        assert run("SELECT count(*) FROM stored_bars WHERE date = '2026-03-04'").fetchone() == (5,)
        assert run("SELECT count(*) FROM bars WHERE symbol = 'IBM'").fetchone() == (0,)
        with pytest.raises((duckdb.Error, OSError)):
            run("SELECT sum(close) FROM bars").fetchone()


@pytest.mark.parametrize("days", [1, 2, 3, 7, 12, 30])
def test_files_are_compared_in_groups_and_each_row_is_found(days: int, tmp_path: Path) -> None:
    flights = [flight(place, day=1 + place % days) for place in range(3 * days)]
    store_flights(tmp_path, [*flights, flight(900, month=2, day=30), flight(901, day=31)])
    with open_database(Location.of(str(tmp_path))) as database:
        run = database.connection.execute
        for day in range(1, days + 1):
            assert run(f"SELECT count(*) FROM flights WHERE date = '2015-01-{day:02}'").fetchone() == (3,)
            assert run(f"SELECT count(*) FROM flights WHERE date > '2015-01-{day:02}'").fetchone() == (
                3 * (days - day) + 1,
            )
        assert run("SELECT count(*) FROM flights WHERE date IS NULL").fetchone() == (1,)
        dataset = database.snapshots["flights"].dataset
        assert len(list(dataset.get_fragments(filter=pc.field("date") == date(2015, 1, days)))) == 1
        assert len(list(dataset.get_fragments())) == days + 2


def alert(name: str, **fields: object) -> Alert:
    """An alert of the rule hot at the first bar."""
    at = datetime(2026, 3, 2, 14, 31, tzinfo=UTC)
    values = {"id": name, "rule": "hot", "when": "rsi > 70", "symbol": "AAPL", "interval": "1m", "time": at, "at": at}
    return Alert(**(values | {"text": "AAPL: rsi 71.5", "values": {"rsi": 71.5}} | fields))  # type: ignore[arg-type]


def test_an_alert_is_there_in_its_last_state_and_what_is_none_is_not(tmp_path: Path) -> None:
    others = [alert("two"), alert("three", state="running"), alert("four", state="muted")]
    states = [alert("one"), *others, alert("one", state="withdrawn", values={"rsi": None})]
    store_alerts(tmp_path, states)
    with open_database(Location.of(str(tmp_path))) as database:
        run = database.connection.execute
        assert run("SELECT id, state, values['rsi'] FROM alerts ORDER BY id").fetchall() == [
            ("one", "withdrawn", None),
            ("two", "raised", 71.5),
        ]
        assert run("SELECT count(*), min(date)::VARCHAR FROM stored_alerts").fetchall() == [(5, "2026-03-02")]
        assert not database.macros


def test_a_table_of_alerts_of_another_program_is_shown_as_it_is(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path / "alerts"), pa.table({"date": [date(2026, 3, 2)], "mood": ["calm"]}))
    with open_database(Location.of(str(tmp_path))) as database:
        assert database.connection.execute("SELECT mood FROM alerts").fetchall() == [("calm",)]


def test_bars_have_no_date_that_would_lose_those_of_a_day(tmp_path: Path) -> None:
    store_bars(tmp_path, [structs.replace(bar(0, 1.0), interval="1d", time=datetime(2026, 3, 2, tzinfo=UTC))])
    with open_database(Location.of(str(tmp_path))) as database:
        run = database.connection.execute
        assert "date" not in [name for name, *_ in run("DESCRIBE bars").fetchall()]
        assert run("SELECT date::VARCHAR FROM stored_bars").fetchall() == [("2026-01-01",)]
        assert run("SELECT count(*) FROM bars WHERE time >= '2026-03-02'").fetchone() == (1,)


ODD = """
from stockstream.indicators import SMA, Indicator, Point
class Shout(SMA):
    __slots__ = ()
    name = "SMA"
class Wrong(SMA):
    __slots__ = ()
    name = "wrong"
    def __init__(self, Interval: int = 3) -> None:
        super().__init__(Interval)
class Twice(SMA):
    __slots__ = ()
    name = "twice"
    def __init__(self, period: int = 3, Period: int = 3) -> None:
        super().__init__(period)
class ClosePoint(Point, frozen=True):
    Close: float
class Shown(SMA):
    __slots__ = ()
    name = "shown"
    point = ClosePoint
class Endless(SMA):
    __slots__ = ()
    name = "endless"
    def __init__(self, period: float = float("inf")) -> None:
        super().__init__(3)
class Fine(SMA):
    __slots__ = ()
    name = "fine"
"""


def test_a_plug_in_whose_names_sql_cannot_have_gets_no_function(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store_bars(tmp_path, walk(30))
    (tmp_path / "odd.py").write_text(ODD)
    try:
        plugins.use([tmp_path / "odd.py"])
        with open_database(Location.of(str(tmp_path))) as database:
            names = {macro.name for macro in database.macros}
            run = database.connection.execute
            assert run("SELECT sma FROM fine('AAPL')").fetchall() == run("SELECT sma FROM sma('AAPL')").fetchall()
        assert {"SMA", "wrong", "twice", "shown", "endless", "fine"} <= catalog().keys()
    finally:
        plugins.use([])
    assert names & {"SMA", "wrong", "twice", "shown", "endless", "fine", "sma"} == {"fine", "sma"}
    warned = {record.getMessage().removeprefix("the indicator ").split()[0] for record in caplog.records}
    assert warned == {"SMA", "wrong", "twice", "shown", "endless"}


def test_a_bar_within_the_last_millisecond_of_its_file_is_found(tmp_path: Path) -> None:
    last = datetime(2026, 3, 2, 14, 30, 0, 999_999, tzinfo=UTC)
    store_bars(tmp_path, [bar(0, 1.0), structs.replace(bar(0, 2.0), time=last)])
    with open_database(Location.of(str(tmp_path))) as database:
        found = database.connection.execute("SELECT close FROM bars WHERE time >= ?", [last]).fetchall()
    assert found == [(2.0,)]
    assert tables.read("bars", start=last, dir=tmp_path)["close"].tolist() == [2.0]


def test_the_catalog_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    store_bars(tmp_path / "tables", walk(3))
    connection = tables.connect(tmp_path / "tables")
    assert connection.execute("SELECT count(*) FROM bars").fetchone() == (3,)
    assert list((tmp_path / "temporary").iterdir())
    connection.close()
    del connection
    assert not list((tmp_path / "temporary").iterdir())


def test_a_bucket_is_asked_as_a_folder_is(any_bucket: Bucket, tmp_path: Path) -> None:
    store_bars(tmp_path, walk(40))
    rows = rows_with_dates(BARS, [row(BARS, bar, place) for place, bar in enumerate(walk(40))])
    uri, options = any_bucket.location.uri("bars"), any_bucket.location.storage_options()
    write_deltalake(uri, rows, storage_options=options, partition_by=["date"])
    statement = "SELECT time, rsi FROM rsi('AAPL') JOIN bars USING (time) ORDER BY time"
    with open_database(any_bucket.location) as remote, open_database(Location.of(str(tmp_path))) as local:
        found = remote.connection.execute(statement).fetchall()
        assert found == local.connection.execute(statement).fetchall()
    assert len(found) == 40
    # In a process that ends: threads of Arrow must not need Python by then.
    told = stockstream(
        "sql", statement, "--csv", "--tables", any_bucket.location.text, cwd=tmp_path, env=clean(tmp_path)
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert len(told.stdout.splitlines()) == 41
