"""Wrong values of every command's options: exit code 2 and one line, before anything is read or written."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from stockstream.cli import entries, main
from stockstream.cli.context import Invocation
from stockstream.cli.reporter import PersonReporter

LONG = "A" * 5_000
NO_NUMBER = ("x", "nan", "1,5", "9" * 400 + "x", "0x10")
NO_COUNT = (*NO_NUMBER, "-1", "1.5", "1e400", "9" * 400)
NO_AMOUNT = (*NO_NUMBER, "-1", "inf", "-inf", "1e400", "9" * 400)
NO_DATE = ("x", LONG, "2026-13-01", "10000-01-01", "yesterday", "5")
NO_INTERVAL = ("x", LONG, "7q", "0m", "-1d", "1M")
NO_TABLES = ("plain.txt", "plain.txt/x", "gs://bucket/x", "s3://", "s3:///x", LONG)
NO_NAME = ("folder", "plain", "plain.txt", "-", "/dev/null", "a.gif", LONG)
NO_PLACE = ("folder/in.{}", "no/such.{}", "plain.txt/x.{}", "foreign.{}", "empty/../no/x.{}", LONG + ".{}")


def files(suffix: str) -> tuple[str, ...]:
    return (*NO_NAME, *(name.format(suffix) for name in NO_PLACE))


RSI = ("watch", "rsi", "AAPL")
ONCE = (*RSI, "--once", "--values", "v.csv")

OPTIONS: dict[tuple[tuple[str, ...], str], tuple[str, ...]] = {
    (ONCE, "--period"): (*NO_COUNT, "0"),
    (ONCE, "--rows"): (*NO_COUNT, "0", "1"),
    (ONCE, "--refresh"): (*NO_AMOUNT, "0"),
    (ONCE, "--seconds"): NO_AMOUNT,
    (ONCE, "--interval"): NO_INTERVAL,
    (ONCE, "--resample"): (*NO_INTERVAL, "1m"),
    (ONCE, "--tz"): ("x", LONG, "../../etc/passwd"),
    ((*ONCE, "--resample", "1h"), "--opens"): ("x", "25:00"),
    ((*ONCE, "--resample", "1h"), "--calendar"): ("x", "NYSE2"),
    (ONCE, "--start"): NO_DATE,
    (ONCE, "--end"): NO_DATE,
    (ONCE, "--backend"): ("gtk", "Tk", LONG),
    (ONCE, "--theme"): ("blue", LONG),
    (ONCE, "--geometry"): ("x", "0x0+1+1", "-5x5+0+0", "99999999999x5+0+0", LONG),
    (ONCE, "--metrics"): ("x", "-1", "70000", "a:b:c", "host:", "1.5", LONG),
    ((*RSI, "--once"), "--headless"): files("png"),
    ((*RSI, "--once"), "--values"): files("csv"),
    (("watch", "bollinger", "AAPL"), "--width"): (*NO_AMOUNT, "0"),
    (("watch", "vwap", "AAPL"), "--zone"): ("x", LONG, "../../etc/passwd"),
    (("watch", "vwap", "AAPL"), "--opens"): ("x", "25:00", LONG),
    (("watch", "chart", "AAPL"), "--with"): ("bolinger", "rsi:period=0", "rsi:perod=3", "rsi,rsi", LONG),
    (("watch", "dashboard"), "--average"): (*NO_COUNT, "0"),
    (("watch", "dashboard"), "--start"): ("2026-01-01",),
    (("report",), "--out"): files("html"),
    (("spark", "indicator"), "--with"): ("bolinger", "rsi:period=0", "volume", LONG),
    (("spark", "indicator", "--with", "rsi"), "--table"): ("x y", "..", "A", LONG),
    (("spark", "indicator", "--with", "rsi"), "--keep"): (*NO_COUNT, "0"),
    (("spark", "raw", "stocks"), "--trigger"): ("x", "0 seconds", "10", "1 fortnight", LONG),
    (("spark", "raw", "stocks"), "--master"): ("x", "local[x]", "mesos://a:1", LONG),
    (("spark", "raw", "stocks"), "--max-rows"): (*NO_COUNT, "0"),
    (("spark", "raw", "stocks"), "--partitions"): (*NO_COUNT, "0", "65"),
    (("spark", "raw", "stocks"), "--checkpoint"): ("x:y", "gopher://x", LONG),
    (("spark", "raw", "stocks"), "--to"): NO_TABLES,
    (("spark", "moving-average"), "--window"): ("x", "0 minutes", "5"),
    (("spark", "moving-average"), "--delay"): ("x", "-1 minutes", "5"),
    (("quality",), "--plot"): files("png"),
    (("quality",), "--fail-on"): ("x", "gaps,x", LONG),
    (("quality",), "--stale-after"): NO_AMOUNT,
    (("report",), "--interval"): NO_INTERVAL,
    (("alerts", "test", "close > 1", "--symbol", "A"), "--plot"): files("png"),
    (("alerts", "--rule", "close > 1"), "--heartbeat"): NO_AMOUNT,
    (("alerts", "list"), "--state"): ("x", LONG),
    (("alerts", "list"), "-n"): (*NO_COUNT, "0"),
    (("alerts", "mute", "high"), "--for"): ("x", "0h", "1mo", LONG),
    (("broker",), "--port"): (*NO_COUNT, "0", "65536"),
    (("broker",), "--nodes"): (*NO_COUNT, "0", "2", "4", "7"),
    (("broker",), "--join"): ("x", "x:70000", ":1", LONG),
    (("broker",), "--data"): ("plain.txt", "/", ".", "/dev/null", LONG),
    (("demo",), "--seconds"): NO_AMOUNT,
    (("produce", "simulated", "A"), "--interval"): NO_INTERVAL,
    (("produce", "simulated", "A"), "--pace"): NO_AMOUNT,
    (("produce", "simulated", "A"), "--history"): NO_COUNT,
    (("produce", "simulated", "A"), "--seed"): ("x", "1.5", "9" * 400),
    (("produce", "simulated", "A"), "--count"): (*NO_COUNT, "0"),
    (("produce", "simulated", "A"), "--seconds"): NO_AMOUNT,
    (("produce", "csv", "foreign.csv"), "--interval"): NO_INTERVAL,
    (("produce", "csv", "foreign.csv"), "--tz"): ("x", LONG, "../../etc/passwd"),
    (("produce", "csv", "foreign.csv"), "--rate"): (*NO_AMOUNT, "0"),
    (("produce", "csv", "foreign.csv", "--rate", "1"), "--burst"): (*NO_COUNT, "0"),
    (("produce", "csv", "foreign.csv"), "--loop"): NO_COUNT,
    (("produce", "csv", "foreign.csv"), "--start"): NO_DATE,
    (("produce", "csv", "foreign.csv"), "--end"): NO_DATE,
    (("produce", "readings", "foreign.csv"), "--value"): ("a[", "{" + LONG),
    (("produce", "readings", "foreign.csv"), "--time"): ("a[", "{" + LONG),
    (("produce", "readings", "foreign.csv"), "--symbol-from"): ("a[", "{" + LONG),
    (("produce", "http", "http://127.0.0.1:1/"), "--every"): (*NO_AMOUNT, "0"),
    (("produce", "mqtt", "127.0.0.1:1", "t"), "--qos"): (*NO_COUNT, "3"),
    (("produce", "csv", "foreign.csv"), "--columns"): ("x", "close", "close=", "closed=Price", "=x", LONG),
    (("produce", "csv", "foreign.csv"), "--date-format"): ("x", "%", "%Q", LONG),
    (("produce", "csv", "foreign.csv"), "--separator"): ("xx", "a", LONG),
    (("produce", "csv", "foreign.csv"), "--decimal"): ("x", ";", LONG),
    (("produce", "flights", "foreign.csv"), "--rate"): (*NO_AMOUNT, "0"),
    (("produce", "flights", "foreign.csv"), "--speed"): (*NO_AMOUNT, "0"),
    (("produce", "flights", "foreign.csv"), "--start"): NO_DATE,
    (("produce", "flights", "foreign.csv"), "--end"): NO_DATE,
    (("produce", "yahoo", "AAPL"), "--interval"): ("7m", "x", LONG),
    (("produce", "yahoo", "AAPL"), "--history"): ("x", "0d", "5 d", "-1d", "9" * 400 + "d"),
    (("produce", "yahoo", "AAPL"), "--poll"): (*NO_AMOUNT, "0"),
    (("produce", "news", "AAPL"), "--every"): (*NO_AMOUNT, "0"),
    (("produce", "yahoo", "AAPL"), "--seconds"): NO_AMOUNT,
    (("monitor",), "--prometheus"): (*NO_COUNT, "65536"),
    (("monitor",), "--scrape"): ("x", "70000", LONG),
    (("monitor",), "--seconds"): NO_AMOUNT,
    (("tail", "stocks"), "--count"): NO_COUNT,
    (("topics",), "--add-partitions"): ("x", "x=", "=5", *(f"x={each}" for each in (*NO_COUNT, "0", "10001")), LONG),
    (("topics", "copy"), "--from"): ("x", "x:70000", ":1", LONG),
    (("topics",), "--retention"): ("x", "x=", "=5d", "x=0d", "x=-1d", "x=5q", "x=" + LONG, LONG),
    (("produce", "simulated", "A"), "--retention"): ("x", "0d", "-1d", "5q", LONG),
    (("produce", "csv", "foreign.csv"), "--retention"): ("x", "0d", "-1d", "5q", LONG),
    (("produce", "flights", "foreign.csv"), "--retention"): ("x", "0d", "-1d", "5q", LONG),
    (("produce", "yahoo", "AAPL"), "--retention"): ("x", "0d", "-1d", "5q", LONG),
    (("dlq", "list"), "--topic"): ("x", "x.dlq", LONG),
    (("dlq", "list"), "--count"): (*NO_COUNT, "0"),
    (("dlq", "replay", "stocks/0/7"), "--with"): ("folder", "no/such.json", LONG),
    (("sample", "flights"), "--out"): (*NO_NAME, "foreign.csv"),
    (("sample", "flights"), "--seed"): ("x", "1.5", "9" * 400),
    (("store", "stocks"), "--to"): NO_TABLES,
    (("store", "stocks"), "--every"): (*NO_AMOUNT, "0"),
    (("store", "stocks"), "--rows"): (*NO_COUNT, "0"),
    (("store", "stocks"), "--partitions"): ("x", "-1", "3-1", "0,,1", "1.5", LONG),
    (("etl", "stocks"), "--to"): NO_TABLES,
    (("tables",), "--to"): NO_TABLES,
    (("sql", "SELECT 1"), "--tables"): NO_TABLES,
    (("sql", "SELECT 1"), "--parquet"): files("parquet"),
    (("sql", "SELECT 1"), "--plot"): files("png"),
    (("models", "evaluate", "direction"), "--csv"): ("folder", "no/such.csv", LONG),
    (("models", "evaluate", "direction", "AAPL"), "--cost"): (*NO_AMOUNT, "0.6"),
    (("models", "evaluate", "direction", "AAPL"), "--history"): ("x", "0d", "5 d", "-1d", "9" * 400 + "d"),
    (("models", "evaluate", "direction", "AAPL"), "--interval"): NO_INTERVAL,
    (("models", "evaluate", "direction", "AAPL"), "--resample"): (*NO_INTERVAL, "1m"),
    (("models", "evaluate", "direction", "AAPL"), "--plot"): files("png"),
    (("service", "install", "broker"), "--name"): ("a/b", "..", LONG),
    (("service", "logs", "broker"), "--lines"): NO_COUNT,
    (("cloud", "plan"), "--to"): (*NO_TABLES, "folder"),
    (("cloud", "plan"), "--database"): ("A B", "a.b", LONG),
    (("cloud", "plan"), "--region"): ("x", "eu central 1", LONG),
    (("cloud", "catalog"), "--to"): (*NO_TABLES, "folder"),
    (("cloud", "catalog"), "--database"): ("A B", "a.b", LONG),
    (("cloud", "catalog"), "--region"): ("x", "eu central 1", LONG),
    (("cloud", "sql", "SELECT 1"), "--to"): (*NO_TABLES, "folder"),
    (("cloud", "sql", "SELECT 1"), "--database"): ("A B", "a.b", LONG),
    (("cloud", "sql", "SELECT 1"), "--region"): ("x", "eu central 1", LONG),
    (("cloud", "destroy"), "--to"): (*NO_TABLES, "folder"),
    (("cloud", "destroy"), "--database"): ("A B", "a.b", LONG),
    (("cloud", "destroy"), "--region"): ("x", "eu central 1", LONG),
    (("cloud", "plan"), "--account"): ("x", "12", LONG),
    (("cloud", "plan"), "--crawler"): ("x", "arn:x", LONG),
    (("cloud", "plan"), "--policy"): ("x", LONG),
    (("cloud", "plan"), "--days"): NO_AMOUNT,
    (("cloud", "plan"), "--writers"): NO_AMOUNT,
    (("cloud", "plan"), "--queries"): NO_AMOUNT,
    (("cloud", "plan"), "--scanned"): NO_AMOUNT,
    (("cloud", "plan"), "--crawls"): NO_AMOUNT,
    (("cloud", "plan"), "--disk"): NO_AMOUNT,
    (("cloud", "plan"), "--rows"): NO_AMOUNT,
}
"""Values that cannot be, by command and option."""

OTHERS: tuple[tuple[str, ...], ...] = (
    ("no-such-command",),
    ("--no-such-option",),
    ("topics", "--no-such-option"),
    ("topics", "one"),
    ("produce", "nothing"),
    ("produce", "csv"),
    ("produce", "simulated", ","),
    ("produce", "simulated", ""),
    ("produce", "csv", ""),
    ("produce", "flights", "foreign.csv", "--rate", "1", "--speed", "1"),
    ("produce", "csv", "foreign.csv", "--rate", "1", "--speed", "1"),
    ("produce", "csv", "foreign.csv", "--burst", "2"),
    ("produce", "csv", "foreign.csv", "--start", "2026-03-03", "--end", "2026-03-02"),
    ("produce", "mqtt", "nowhere:0", "t"),
    ("produce", "mqtt", LONG + ":x", "t"),
    ("control", "pause", ""),
    ("control", "pause", "a/b"),
    ("control", "pause", LONG),
    ("control", "rate", "yahoo", "0"),
    ("control", "rate", "yahoo", "x"),
    ("produce", "flights", "foreign.csv", "--start", "2015-02-01", "--end", "2015-01-01"),
    ("watch", "bolinger"),
    ("watch", "rsi", ""),
    (*RSI, "--once"),
    (*ONCE, "--start", "2026-03-03", "--end", "2026-03-02"),
    (*ONCE, "--start", "2026-03-03T10:00", "--end", "2026-03-03T10:00"),
    (*ONCE, "--resample", "5m", "--interval", "1h"),
    (*RSI, "--each", "--values", "v.csv"),
    ("watch", "macd", "AAPL", "--fast", "30"),
    ("tail",),
    ("dlq", "replay", "--with", "foreign.csv"),
    ("indicators", "describe"),
    ("indicators", "describe", "rzi"),
    ("models", "describe"),
    ("models", "describe", "rsi"),
    ("models", "evaluate", "rsi", "AAPL"),
    ("models", "evaluate", "direction"),
    ("config", "windw"),
    ("monitor", "--once", "--prometheus", "0"),
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with things that are not what an option wants, no broker, and a log as it was before."""
    monkeypatch.chdir(tmp_path)
    for name in ("STATE", "DATA", "CACHE"):
        monkeypatch.setenv(f"STOCKSTREAM_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("STOCKSTREAM_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    (tmp_path / "plain.txt").write_text("mine")
    for folder in ("folder", "folder/in.png", "folder/in.csv", "folder/in.html", "folder/in.parquet", "empty"):
        (tmp_path / folder).mkdir()
    for suffix in ("png", "csv", "html", "svg", "pdf", "parquet"):
        (tmp_path / f"foreign.{suffix}").write_text("time,symbol,close\nmine,too,1\n")
    root = logging.getLogger()
    handlers = [*root.handlers]
    yield tmp_path
    for handler in [each for each in root.handlers if each not in handlers]:
        root.removeHandler(handler)
        handler.close()


def call(*arguments: str) -> tuple[int, str]:
    """Run a command line in this process: the exit code and the output."""
    result = io.StringIO()
    invocation = Invocation()
    invocation._reporter = PersonReporter(result, io.StringIO())
    return main.call(invocation, arguments), result.getvalue()


def refused(*arguments: str) -> str:
    """The message for a wrong command line; it is one line of a readable length."""
    code, result = call(*arguments)
    shown = " ".join(each if len(each) < 50 else f"{each[:20]}..." for each in arguments)
    assert code == 2, f"{shown}: {code} {result}"
    assert result.startswith("stockstream: "), shown
    assert result.count("\n") == 1, f"{shown}: {result}"
    assert len(result) < 1_000, shown
    assert "Traceback" not in result
    return result


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file()}


@pytest.mark.parametrize(("command", "option"), OPTIONS, ids=[" ".join((*c[:2], o)) for c, o in OPTIONS])
def test_a_wrong_value_is_one_line_that_names_the_option(here: Path, command: tuple[str, ...], option: str) -> None:
    before = contents(here)
    for value in OPTIONS[command, option]:
        result = refused(*command, option, value)
        named = option in result or option.removeprefix("--") in result or ("--once" in command and "x" in result)
        assert named, f"{value[:50]}: {result}"
    assert contents(here) == before


@pytest.mark.parametrize("arguments", OTHERS, ids=" ".join)
def test_what_does_not_fit_together_is_one_line(here: Path, arguments: tuple[str, ...]) -> None:
    before = contents(here)
    refused(*arguments)
    assert contents(here) == before


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--config", value) for value in ("folder", "no.yaml", "/dev/zero", "foreign.png", "plain.txt/x", LONG)),
        *(("--bootstrap-servers", value) for value in ("x y", LONG + ":", "::", "a:b:c", "http://x/y", "x:123456")),
    ],
)
def test_settings_that_cannot_be_read_are_one_line(here: Path, option: str, value: str) -> None:
    code, result = call(option, value, "config")
    assert code == 1
    assert (result.count("\n"), result.startswith("stockstream: ")) == (1, True)
    assert len(result) < 500


def test_every_option_of_every_command_is_tried() -> None:
    """One that takes a value and is not tried above is named here with why: whatever it is, it may be right."""
    free = {
        "--reason",
        "--symbol",
        "--airlines",
        "--feed",
        "--calendar",
        "--host",
        "--unit",
        "--client-id",
        "--symbols",
    }
    free |= {"--rule"}  # its errors have a line for the place: tests/cli/alerts/test_alerts.py
    tried = {option for _, option in OPTIONS} | free
    missing = []
    for name in entries.COMMANDS:
        command = main._command(name)
        for each in [command, *getattr(command, "commands", {}).values()]:
            for param in each.params:
                if param.param_type_name != "option" or param.is_flag or each.name in ("rsi", "volatility"):
                    continue
                if not tried & set(param.opts) and name != "watch":
                    missing.append(f"{name} {each.name} {param.opts}")
    assert not missing


def test_options_of_all_commands_may_stand_behind_the_command(here: Path) -> None:
    (here / "own.yaml").write_text("window: {rows: 7}")
    result = io.StringIO()
    invocation = Invocation()
    invocation._reporter = PersonReporter(io.StringIO(), result)
    arguments = ["config", "window.rows", "--config", "own.yaml", "bootstrap_servers", "--bootstrap-servers=x:1"]
    assert main.call(invocation, arguments) == 0
    lines = [line.split() for line in result.getvalue().splitlines()[1:]]
    assert lines == [["bootstrap_servers", "x:1", "--bootstrap-servers"], ["window.rows", "7", "own.yaml:1"]]
    assert main.hoisted(["tail", "stocks", "--", "--debug"]) == ["tail", "stocks", "--", "--debug"]
