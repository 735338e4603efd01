"""``stockstream sql`` as a user calls it."""

from __future__ import annotations

import csv
import inspect
import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import pandas as pd
import psutil
import pyarrow.parquet as pq
import pytest
from msgspec import structs

from stockstream import tables
from stockstream.cli import main
from stockstream.cli.context import Invocation
from stockstream.cli.sql.sinks import TableSink
from stockstream.cli.sql.sql import sql
from stockstream.errors import StockstreamError
from stockstream.records import SIMULATED
from stockstream.tables import extra
from stockstream.tables.location import Location
from stockstream.tables.query import run
from stockstream.tables.sql import open_database
from tests.cli.helpers import clean, until
from tests.cli.terminal import Terminal
from tests.site import Site
from tests.tables.lake import store_bars
from tests.views.bars import walk

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of two symbols."""
    folder = tmp_path_factory.mktemp("lake")
    bars = [structs.replace(each, tz="America/New_York") for each in walk(60)]
    store_bars(folder, [*bars, *walk(60, seed=3, symbol="=MSFT")])
    return folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STOCKSTREAM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("STOCKSTREAM_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


class Screen(io.StringIO):
    """A terminal at which nothing is typed."""

    def isatty(self) -> bool:
        return True


def call(*words: str) -> int:
    invocation = Invocation()
    try:
        return main.call(invocation, ["sql", *words])
    finally:
        invocation.close()


TWO = "SELECT time, symbol, close FROM bars WHERE symbol LIKE '%A%' ORDER BY time LIMIT 2"


def test_a_table_aligns_numbers_at_the_right_and_counts_rows(lake: Path, capsys: Captured) -> None:
    assert call(TWO, "--tables", str(lake)) == 0
    closes = [f"{each.close:.10g}" for each in walk(2)]
    width = max(len("close"), *map(len, closes))
    assert capsys.readouterr().out.splitlines() == [
        f"time               symbol  {'close':>{width}}",
        f"2026-03-02 14:30Z  AAPL    {closes[0]:>{width}}",
        f"2026-03-02 14:31Z  AAPL    {closes[1]:>{width}}",
        "(2 rows)",
    ]


def test_rows_beyond_those_shown_are_counted(lake: Path, capsys: Captured) -> None:
    assert call("FROM bars", "--tables", str(lake), "--rows", "3") == 0
    out = capsys.readouterr().out.splitlines()
    assert (len(out), out[-1]) == (5, "(3 of 120 rows)")
    assert call("FROM bars", "--tables", str(lake), "--rows", "0") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "(120 rows)"
    assert call("SELECT 1 WHERE false", "--tables", str(lake)) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "(0 rows)"


def test_columns_that_do_not_fit_are_left_out_in_the_middle(lake: Path) -> None:
    shown: list[str] = []
    sink = TableSink(shown.append, 2, 60)
    reader = tables.connect(lake).sql("FROM bollinger('AAPL')").to_arrow_reader()
    sink.begin(reader.schema)
    sink.take(reader.read_next_batch())
    sink.finish()
    header, *lines, told = shown[0].splitlines()
    assert header.split()[0] == "symbol"
    assert header.split()[-1] == "doubtful"
    assert "..." in header
    assert all(len(line) <= 60 for line in (header, *lines))
    assert told.endswith("16 columns, the others do not fit)")


def test_csv_has_all_digits_and_no_formulas(lake: Path, capsys: Captured) -> None:
    assert call("SELECT symbol, time, close, ['a'] AS list, sma FROM sma()", "--csv", "--tables", str(lake)) == 0
    header, *rows = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header == ["symbol", "time", "close", "list", "sma"]
    bars = {"AAPL": walk(60), "'=MSFT": walk(60, seed=3)}
    for symbol, expected in bars.items():
        found = [row for row in rows if row[0] == symbol]
        assert [float(row[2]) for row in found] == [bar.close for bar in expected]
        assert found[0][1] == "2026-03-02T14:30:00Z"
        assert found[0][-2:] == ['["a"]', ""]


def test_json_is_an_array_with_an_object_a_line(lake: Path, capsys: Captured) -> None:
    assert call("SELECT symbol, time, sma, flags FROM sma('AAPL') JOIN bars USING (symbol, time) ORDER BY time",
                "--json", "--tables", str(lake)) == 0  # fmt: skip
    out = capsys.readouterr().out
    rows = json.loads(out)
    assert len(out.splitlines()) == len(rows) + 2 == 62
    assert rows[0] == {"symbol": "AAPL", "time": "2026-03-02T14:30:00Z", "sma": None, "flags": []}
    assert rows[-1]["sma"] == pytest.approx(sum(bar.close for bar in walk(60)[-20:]) / 20)


def test_a_map_is_an_object_in_json_and_pairs_for_people(lake: Path, capsys: Captured) -> None:
    statement = "SELECT MAP {'rsi': 71.5, 'close': NULL} AS m"
    assert call(statement, "--json", "--tables", str(lake)) == 0
    assert json.loads(capsys.readouterr().out) == [{"m": {"rsi": 71.5, "close": None}}]
    assert call(statement, "--csv", "--tables", str(lake)) == 0
    assert next(csv.reader(capsys.readouterr().out.splitlines()[1:])) == ['{"rsi": 71.5, "close": null}']
    assert call(statement, "--tables", str(lake)) == 0
    assert "rsi 71.5, close -" in capsys.readouterr().out


def test_a_plan_is_the_drawing_that_it_is(lake: Path, capsys: Captured) -> None:
    for before in ("EXPLAIN", "EXPLAIN ANALYZE"):
        assert call(f"{before} SELECT max(close) FROM bars", "--tables", str(lake)) == 0
        shown = capsys.readouterr().out
        assert "\\n" not in shown
        assert [line for line in shown.splitlines() if "Aggregate" in line]
        assert len(shown.splitlines()) > 5


def test_a_span_of_time_is_in_words(lake: Path, capsys: Captured) -> None:
    statement = "SELECT max(time) - min(time) AS held, [INTERVAL 1 DAY] AS list FROM bars WHERE symbol = 'AAPL'"
    assert call(statement, "--tables", str(lake)) == 0
    assert capsys.readouterr().out.splitlines()[1].split("  ") == ["00:59:00", "1 day"]
    assert call(statement, "--json", "--tables", str(lake)) == 0
    assert json.loads(capsys.readouterr().out) == [{"held": "00:59:00", "list": ["1 day"]}]
    assert call(statement, "--csv", "--tables", str(lake)) == 0
    assert next(csv.reader(capsys.readouterr().out.splitlines()[1:])) == ["00:59:00", '["1 day"]']


def test_sums_are_numbers_and_columns_of_one_name_are_told_apart(lake: Path, here: Path, capsys: Captured) -> None:
    words = ("--tables", str(lake))
    assert call("SELECT sum(i) AS s, 2.50 AS d, 170141183460469231731687303715884105727 AS h FROM range(3) r(i)",
                "--json", *words) == 0  # fmt: skip
    assert json.loads(capsys.readouterr().out) == [{"s": 3, "d": 2.5, "h": 2**127 - 1}]
    twice = "SELECT 1 AS a, 2 AS a, DATE '2026-03-02' AS day"
    file = here / "twice.parquet"
    assert call(twice, "--json", "--parquet", str(file), "--plot", str(here / "twice.png"), *words) == 0
    row = {"a": 1, "a_1": 2, "day": "2026-03-02"}
    assert json.loads(capsys.readouterr().out) == [row]
    assert pq.read_table(file).column_names == [*row]
    assert call(twice, "--csv", *words) == 0
    assert capsys.readouterr().out.splitlines() == ["a,a_1,day", "1,2,2026-03-02"]


NO_DATES = ("DATE 'infinity'", "TIMESTAMP 'infinity'", "TIMESTAMPTZ '-infinity'", "'294000-01-01'::DATE")


@pytest.mark.parametrize(
    ("statement", "output"),
    [
        *((f"SELECT {each} AS time, 1 AS n", output) for each in NO_DATES for output in ("", "--csv", "--json")),
        ("SELECT DATE 'infinity' AS time, 1 AS n", "--plot"),
        ("SELECT INTERVAL 3 DAY AS time", "--parquet"),
        ("SELECT TIME '12:00' AS time, 1 AS n", "--plot"),
        ("SELECT INTERVAL 3 DAY AS time, 1 AS n", "--plot"),
    ],
)
def test_a_result_that_cannot_be_written_is_a_line(
    lake: Path, here: Path, capsys: Captured, statement: str, output: str
) -> None:
    file = {"--plot": ["out.png"], "--parquet": ["out.parquet"]}.get(output, [])
    assert call(statement, *filter(None, [output]), *file, "--tables", str(lake)) == 1
    err = capsys.readouterr().err
    assert "the result cannot be written: " in err or "a plot needs a column of times" in err
    assert len(err.splitlines()) == 1
    assert not [each for each in here.iterdir() if each.suffix]


def test_after_a_result_that_cannot_be_written_another_statement_runs(lake: Path) -> None:
    told: list[str] = []
    with open_database(Location.of(str(lake))) as database:
        with pytest.raises(StockstreamError, match="the result cannot be written"):
            run(database, "SELECT DATE 'infinity'", [TableSink(told.append, 0, None)])
        run(database, "SELECT 42 AS answer", [TableSink(told.append, 0, None)])
    assert told == ["answer\n    42\n(1 row)"]


def test_a_statement_comes_from_stdin_where_that_is_no_terminal(
    lake: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in ((), ("-",)):
        monkeypatch.setattr("sys.stdin", io.StringIO("SELECT 42 AS answer;\n"))
        assert call(*words, "--csv", "--tables", str(lake)) == 0
        assert capsys.readouterr().out.splitlines() == ["answer", "42"]
    for data, told in (
        (b"SELECT foo FROM bars", "line 1, column 8"),
        (b"", "no statement"),
        (b"\xff", "no text in UTF-8"),
    ):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
        assert call("--tables", str(lake)) == 1
        assert told in capsys.readouterr().err


def test_parquet_is_written_as_a_whole_and_foreign_files_stay(lake: Path, here: Path, capsys: Captured) -> None:
    file = here / "out.parquet"
    words = ("FROM rsi('AAPL')", "--tables", str(lake), "--parquet", str(file))
    assert call(*words) == 0
    assert "60 rows" in capsys.readouterr().err
    expected = tables.connect(lake).sql("FROM rsi('AAPL')").df()
    pd.testing.assert_frame_equal(pq.read_table(file).to_pandas(), expected, check_dtype=False)
    assert call(*words) == 0  # it is ours
    file.write_bytes(b"somebody's")
    assert call(*words) == 2
    assert "--force" in capsys.readouterr().err
    assert call("FROM nothing", *words[1:], "--force") == 1
    assert file.read_bytes() == b"somebody's"
    assert [each.name for each in here.iterdir() if each.suffix != ""] == ["out.parquet"]
    assert call(*words, "--force") == 0
    assert pq.read_table(file).num_rows == 60


def test_a_plot_has_a_line_a_column(lake: Path, here: Path, capsys: Captured) -> None:
    def dark(statement: str) -> int:
        file = here / "out.png"
        assert call(statement, "--tables", str(lake), "--plot", str(file)) == 0
        picture = matplotlib.image.imread(file)
        return int((picture[80:540, 80:960, :3].max(axis=2) < 0.75).sum())

    one = dark("SELECT time, close FROM bars WHERE symbol = 'AAPL'")
    assert dark("SELECT time, close, close + 3 AS above, close + 6 AS more FROM bars WHERE symbol = 'AAPL'") > one
    assert one > 500
    for statement, told in (
        ("SELECT symbol, close FROM bars", "a plot needs a column of times - SELECT time, close FROM"),
        ("SELECT time, symbol FROM bars", "a plot needs a column of numbers"),
        ("SELECT time, close FROM bars WHERE false", "the result has no rows to draw"),
    ):
        capsys.readouterr()
        assert call(statement, "--tables", str(lake), "--plot", str(here / "none.png")) == 1
        assert told in capsys.readouterr().err
    assert not (here / "none.png").exists()


def test_a_plot_of_simulated_bars_says_so(tmp_path: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_bars(tmp_path / "lake", [structs.replace(each, feed=SIMULATED) for each in walk(9)])
    said: list[bool] = []
    from stockstream.charts import still

    monkeypatch.setattr(still, "draw", lambda path, view, data, hint: said.append(data.simulated))
    for statement in ("SELECT time, close FROM bars", "SELECT time, close, feed FROM bars"):
        assert call(statement, "--tables", str(tmp_path / "lake"), "--plot", str(here / "out.png")) == 0
    assert said == [True, True]


def test_every_option_is_tested_here() -> None:
    with open(__file__, encoding="utf-8") as file:  # noqa: PTH123
        text = file.read()
    options = [
        f"--{name.removeprefix('as_')}"
        for name in inspect.signature(sql).parameters
        if name not in ("ctx", "statement")
    ]
    assert all(f'"{option}"' in text for option in options)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("SELECT foo FROM bars",), 1, "at line 1, column 8"),
        (("DROP VIEW bars",), 1, "DROP is refused: the tables can only be read"),
        (("COPY bars TO 'x.csv'",), 1, "COPY is refused"),
        (("SELECT 1; SELECT 2",), 1, "these are 2 statements - name one"),
        (("",), 2, "an argument is empty"),
        ((" ",), 1, "there is no statement"),
        (("FROM bars", "--csv", "--json"), 2, "--csv and --json exclude each other"),
        (("FROM bars", "--parquet", "out.csv"), 2, "is not a name of a Parquet file"),
        (("FROM bars", "--plot", "out.txt"), 2, "is not a name of a picture"),
        (("FROM bars", "--rows", "-1"), 2, "--rows"),
        (("FROM read_csv('/etc/passwd')",), 1, "Cannot access file"),
    ],
)
def test_a_mistake_is_a_line(lake: Path, capsys: Captured, words: tuple[str, ...], code: int, told: str) -> None:
    assert call(*words, "--tables", str(lake)) == code
    err = capsys.readouterr().err
    assert told in err
    assert len(err.splitlines()) == 1


def test_a_terminal_is_asked_for_the_statement_that_is_to_be_written(
    lake: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Screen())
    assert call("--csv", "--tables", str(lake)) == 2
    assert "what is to be written? name a statement" in capsys.readouterr().err


def test_the_folder_is_that_of_the_settings_and_an_extra_is_named(
    lake: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STOCKSTREAM_TABLES__DIR", str(lake))
    assert call("SELECT count(*) AS n FROM bars") == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["120", "(1 row)"]
    monkeypatch.setattr(extra, "PACKAGES", ("deltalake", "no_such_package"))
    assert call("SELECT 1") == 1
    assert "pip install 'stockstream[lake]'" in capsys.readouterr().err


def test_the_prompt_completes_shows_cancels_and_ends(lake: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPT_TOOLKIT_NO_CPR", "1")  # this terminal does not say where its cursor is
    terminal = Terminal(Site(here, "127.0.0.1:1"), ["sql", "--tables", str(lake)])
    terminal.until("? for help")
    terminal.until("sql>")
    terminal.press("SELECT count(*) AS n\r")
    terminal.until("...>")
    terminal.press("FROM bars;\r")
    terminal.until("(1 row)")
    terminal.press("\\d\r")
    terminal.until("bollinger(symbol")
    terminal.press("\\d rsi\r")
    terminal.until("columns: symbol, interval, feed, time")
    terminal.press("SELECT foo FROM bars;\r")
    terminal.until("at line 1, column 8")
    terminal.press("SELECT max(close) FROM williams\t")
    terminal.until("williams_r('")
    terminal.shown = ""
    terminal.press("('AAPL');\r")
    terminal.until("(1 row)")
    terminal.shown = ""
    terminal.press("SELECT count(*) FROM range(100000000) a, range(1000000) b;\r")
    terminal.until("\x1b[?2004l")  # it is read no more: the statement runs
    terminal.press("\x03")
    terminal.until("cancelled")
    terminal.press("SELECT 6 * 7 AS answer;\r")
    terminal.until("42")
    terminal.press("\x04")
    assert terminal.end() == 0
    history = here / "state" / "sql-history"
    assert "FROM bars" in history.read_text()
    assert history.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_prompt_ends_where_it_is_asked_to(
    lake: Path, here: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setenv("PROMPT_TOOLKIT_NO_CPR", "1")
    terminal = Terminal(Site(here, "127.0.0.1:1"), ["sql", "--tables", str(lake)])
    terminal.until("sql>")
    terminal.press("SELECT 1\r")  # the rest of the statement is awaited
    terminal.until("...>")
    terminal.process.send_signal(number)
    assert terminal.end() == 128 + number


def test_ctrl_c_ends_with_130(lake: Path, here: Path) -> None:
    slow = "SELECT count(*) FROM range(100000000) a, range(1000000) b"
    command = [sys.executable, "-m", "stockstream", "sql", slow, "--tables", str(lake)]
    with subprocess.Popen(command, env=clean(here), stderr=subprocess.PIPE, text=True) as process:

        def at_work() -> bool:
            return any(thread.user_time > 1 for thread in psutil.Process(process.pid).threads()[1:])

        until(at_work)
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 130
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
