"""`stockstream produce csv`, `simulated` and `yahoo`, run as a user would, against a real broker."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from stockstream.consumers.read import read
from stockstream.errors import BrokerError
from stockstream.kafka.admin import Admin
from stockstream.kafka.tail import Tail
from tests.cli.helpers import events, stockstream
from tests.producers.yahoo_standin import Market, Standin, candle, minutes, null, standing_in
from tests.site import Site

OPENING = (datetime.now(UTC) - timedelta(days=1)).replace(hour=13, minute=30, second=0, microsecond=0)
CLOSING = OPENING + timedelta(hours=6, minutes=30)
"""A session of yesterday: the program under test lives in the present, as far back as Yahoo has minutes."""

DAILY = "Date,Open,High,Low,Close,Adj Close,Volume"


@pytest.fixture
def daily(tmp_path: Path) -> Path:
    """Ten sessions, one of them without prices, and a last row that is cut off."""
    rows = [f"2026-01-{day:02},{day},{day + 2},{day - 1},{day + 1},{day + 1},{1000 * day}" for day in range(1, 11)]
    rows[4] = "2026-01-05,null,null,null,null,null,null"
    rows.append("2026-01-11,11,1")
    path = tmp_path / "KO.csv"
    path.write_text("\n".join([DAILY, *rows]))
    return path


def bars(site: Site, **chosen: Any) -> Any:
    return read(bootstrap_servers=site.bootstrap_servers, **chosen)


def test_a_file_arrives_as_it_is_and_its_bad_rows_are_kept(site: Site, daily: Path) -> None:
    done = site.run("produce", "csv", str(daily))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("stocks: 9 sent, 2 refused")
    frame = bars(site, symbol="KO")
    assert list(frame["time"].dt.day) == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert list(frame["close"]) == [day + 1 for day in frame["time"].dt.day]
    assert set(frame["interval"]) == {"1d"}
    assert f"{daily}, line 6, column Open: no value (null)" in done.stderr
    assert f"{daily}, line 12: the file ends in the middle of this row" in done.stderr
    assert "KO 1d: 9 bars from 2026-01-01 to 2026-01-10" in done.stderr
    with Tail("stocks.dlq", site.connection) as tail:
        letters = {letter.value: letter.reason for letter in tail.newest(10)}
    assert set(letters) == {b"2026-01-05,null,null,null,null,null,null", b"2026-01-11,11,1"}
    assert all(str(daily) in str(reason) for reason in letters.values())


def test_a_row_without_end_is_named_and_kept_shortened_and_the_others_go_on(site: Site, tmp_path: Path) -> None:
    rows = [f"2026-01-{day:02},{day},{day + 2},{day - 1},{day + 1},{day + 1},{1000 * day},KO" for day in range(1, 8)]
    long = [rows[2] + "O" * 700_000, rows[4] + "O" * 3_000_000]
    rows[2], rows[4] = long
    path = tmp_path / "many.csv"
    path.write_text("\n".join([f"{DAILY},Symbol", *rows, ""]))
    done = site.run("produce", "csv", str(path), "--interval", "1d")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("stocks: 5 sent, 2 refused")
    assert f"{path}, line 4: 700,0" in done.stderr
    assert f"{path}, line 6: 3,000,0" in done.stderr
    assert len(bars(site, symbol="KO")) == 5
    with Tail("stocks.dlq", site.connection) as tail:
        assert [len(letter.value or b"") for letter in tail.newest(10)] == [len(long[0]), 65_536]


def test_sending_a_file_again_changes_nothing(site: Site, daily: Path) -> None:
    site.run("produce", "csv", str(daily))
    before = bars(site)
    again = site.run("produce", "csv", str(daily), "--rate", "100")
    assert again.returncode == 0
    assert again.stdout.startswith("stocks: 9 sent, 2 refused, 0 already there, 11 acknowledged")
    assert bars(site).equals(before)
    assert [summary.records for summary in Admin(site.connection).summaries(["stocks.dlq"])] == [2]


def test_rows_of_one_date_are_reported_by_line_and_the_last_counts(site: Site, daily: Path) -> None:
    with daily.open("a") as file:
        file.write("\n2026-01-02,2,4,1,2.5,2.5,7\n2026-01-03,3,5,2,4,4,3000\n")
    done = site.run("produce", "csv", str(daily))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("stocks: 9 sent")
    assert (
        f"{daily}, lines 3 and 13: two rows of KO at 2026-01-02 with different numbers; line 13 counts" in done.stderr
    )
    assert "KO 1d: 9 bars from 2026-01-01 to 2026-01-10" in done.stderr
    frame = bars(site, symbol="KO")
    assert len(frame) == 9
    assert list(frame["close"][frame["time"].dt.day == 2]) == [2.5]


def test_a_dry_run_reports_what_is_refused(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "KO_1d.csv"
    path.write_text("Date,Open,High,Low,Close\n" + "".join(f"{day}/01/2026,1,1,1,1\n" for day in range(10, 20)))
    done = site.run("produce", "csv", str(path), "--date-format", "M/D/Y", "--dry-run")
    refused = done.stderr.splitlines()
    assert (
        refused[0] == f"refused: {path}, line 5, column Date: '13/01/2026' is not a time in this file's format, M/D/Y"
    )
    assert refused[5:] == ["refused: 2 more"]
    assert (done.returncode, "KO      2026-10-01     1     1    1      1" in done.stdout) == (0, True)


def test_a_dry_run_without_any_bar_exits_1(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "KO_1d.csv"
    path.write_text("Date,Open,High,Low,Close\n2026-01-10,x,1,1,1\n2026-01-11,x,1,1,1\n")
    done = site.run("produce", "csv", str(path), "--dry-run")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "no row gives a bar")
    assert done.stderr.splitlines()[0] == f"refused: {path}, line 2, column Open: 'x' is not a number"


def test_a_dry_run_shows_what_is_understood_and_sends_nothing(site: Site, tmp_path: Path) -> None:
    rows = [f"{day:02}.01.2026;1.{day:03},50;1.{day:03},75;999,5;1.{day:03},25;KO" for day in range(10, 17)]
    path = tmp_path / "export.csv"
    path.write_text("\n".join(["sep=;", "Datum;Eröffnung;Hoch;Tief;Kurs;Name", *rows]), encoding="utf-16")
    arguments = ("produce", "csv", str(path), "--columns", "close=Kurs", "--dry-run")
    done = site.run(*arguments)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    expected = [
        "encoding      UTF-16", "separator     ;", "decimal mark  ,", "header        line 2",
        "symbol        column Name", "Datum (D/M/Y, the sessions' dates)",
        "interval      1d", "close=Kurs", "rows          7",
    ]  # fmt: skip
    for result in expected:
        assert result in done.stdout
    shown = [line.split() for line in done.stdout.splitlines() if line.startswith("KO ")]
    assert shown[0] == ["KO", "2026-01-10", "1010.5", "1010.75", "999.5", "1010.25", "-"]
    assert len(shown) == 3
    with pytest.raises(BrokerError, match="there is no topic stocks"):
        bars(site)
    assert site.run(*arguments[:-1]).stdout.startswith("stocks: 7 sent")
    assert list(bars(site)["close"]) == [1000.25 + day for day in range(10, 17)]


def test_a_folder_of_several_symbols_is_not_one(site: Site, tmp_path: Path) -> None:
    for number, name in enumerate(("KO", "PEP", "MDLZ")):
        rows = [f"2026-01-{day:02},1,9,1,{number + 1},1,1" for day in range(1, 11)]
        (tmp_path / f"{name}.csv").write_text("\n".join([DAILY, *rows, ""]))
    done = site.run("produce", "csv", str(tmp_path), "--symbol", "KO")
    assert done.returncode == 1
    assert "its name says" in done.stderr
    assert site.run("produce", "csv", str(tmp_path)).stdout.startswith("stocks: 30 sent")


def test_symbol_and_interval_are_as_reported(site: Site, daily: Path) -> None:
    site.run("produce", "csv", str(daily), "--symbol", "PEP", "--interval", "1wk")
    assert set(bars(site)[["symbol", "interval"]].itertuples(index=False, name=None)) == {("PEP", "1wk")}


@pytest.mark.parametrize(
    ("arguments", "code", "result"),
    [
        (["none.csv"], 1, "none.csv does not exist"),
        (["strange.csv"], 1, "strange.csv: no column Date or Datetime, Open"),
        (["strange.csv", "--interval", "7x"], 2, "'7x' is not an interval"),
        (["strange.csv", "--tz", "Mars/Base"], 2, "'Mars/Base' is not a zone"),
        (["strange.csv", "--columns", "close"], 2, "'close' is nothing such as close=Price"),
        (["strange.csv", "--columns", "klose=Price"], 2, "'klose' is not one of time, open"),
        (["strange.csv", "--date-format", "Y/D/M"], 2, "'Y/D/M' is not one of Y/M/D, D/M/Y"),
        (["strange.csv", "--separator", "::"], 2, "'::' is not a single sign"),
        (["strange.csv", "--decimal", ";"], 2, "';' is neither . nor ,"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(site: Site, arguments: list[str], code: int, result: str) -> None:
    (site.folder / "strange.csv").write_text("a,b\n1,2\n")
    done = site.run("produce", "csv", *arguments)
    assert done.returncode == code
    assert result in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_simulation_continues_where_it_ended(site: Site) -> None:
    first = site.run("produce", "simulated", "ko,PEP", "--history", "5", "--count", "3", "--pace", "0")
    assert first.stdout.startswith("stocks: 16 sent"), first.stderr
    assert "KO 1m simulated: begins with 5 bars" in first.stderr
    second = site.run("produce", "simulated", "KO", "PEP", "--count", "4", "--pace", "0")
    assert second.stdout.startswith("stocks: 8 sent"), second.stderr
    assert "KO 1m simulated: continues from" in second.stderr
    for symbol in ("KO", "PEP"):
        frame = bars(site, symbol=symbol, feed="simulated")
        assert len(frame) == 12
        assert set(frame["time"].diff()[1:]) == {timedelta(minutes=1)}
        assert list(frame["open"][1:]) == list(frame["close"][:-1])


def test_without_symbols_it_simulates_those_of_the_demo_for_some_seconds(site: Site) -> None:
    done = site.run("produce", "simulated", "--seconds", "1", "--pace", "0.2", "--history", "0")
    assert done.returncode == 0, done.stderr
    counts = bars(site).groupby("symbol").size()
    assert set(counts.index) == {"AAPL", "MSFT"}
    assert counts.min() >= 2


@contextmanager
def running(site: Site, *arguments: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A command that goes on by itself; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stockstream", "--log-json", "produce", *arguments],
        cwd=site.folder,
        env=env or site.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def sent(process: subprocess.Popen[str], count: int) -> None:
    """Wait until so many records are sent."""
    assert process.stderr is not None
    for line in process.stderr:
        event = json.loads(line)
        if event["event"] == "progress" and event["done"] >= count:
            return
    raise AssertionError("it ended before that")


def end_by_ctrl_c(process: subprocess.Popen[str]) -> str:
    """The last line that a command says when it is interrupted."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    result = next(event["text"] for event in events(err) if event["event"] == "result")
    assert out.strip() == result
    assert " s (stopped); the topic holds " in result
    return str(result)


def test_ctrl_c_flushes_and_says_what_was_delivered(site: Site) -> None:
    with running(site, "simulated", "KO", "--pace", "0.05") as process:
        sent(process, 125)
        result = end_by_ctrl_c(process)
    frame = bars(site, symbol="KO")
    assert result.startswith(f"stocks: {len(frame)} sent, 0 refused")
    times: list[datetime] = list(frame["time"])
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(minutes=1)}


def test_a_second_simulator_of_a_symbol_is_noticed_and_a_killed_one_is_not(site: Site) -> None:
    with running(site, "simulated", "KO", "PEP", "--pace", "0.05") as process:
        sent(process, 245)
        second = site.run("produce", "simulated", "IBM", "PEP", "--count", "1", "--pace", "0")
        other = site.run("produce", "simulated", "KO", "--interval", "5m", "--count", "1", "--pace", "0")
    assert second.returncode == other.returncode == 0
    assert "another simulator sends PEP 1m simulated: " in second.stderr
    assert "another simulator" not in other.stderr
    third = site.run("produce", "simulated", "PEP", "--count", "1", "--pace", "0")
    assert "another simulator" not in third.stderr


@pytest.fixture
def yahoo(tmp_path: Path) -> Iterator[Standin]:
    with standing_in(tmp_path) as standin:
        yield standin


def led_to(yahoo: Standin, site: Site, home: Path) -> dict[str, str]:
    """The environment of a user with an empty home, for whom the stand-in is Yahoo."""
    env = {name: value for name, value in site.env.items() if not name.startswith("XDG_")}
    return env | yahoo.environment | {"HOME": str(home), "STOCKSTREAM_CACHE_DIR": str(home / "ours")}


def test_a_run_after_a_split_leaves_no_bar_on_the_former_basis(site: Site, yahoo: Standin, tmp_path: Path) -> None:
    rows = [candle(OPENING - timedelta(days=number), 400.0 + number) for number in reversed(range(60))]
    market = Market(rows, (OPENING, CLOSING), "1d")
    yahoo.markets["AAPL"] = market
    command = ("produce", "yahoo", "AAPL", "--interval", "1d", "--once", "--history")
    env = led_to(yahoo, site, tmp_path)
    assert stockstream(*command, "1y", cwd=site.folder, env=env).stdout.startswith("stocks: 60 sent")
    prices = ("open", "high", "low", "close")
    market.rows = [row._replace(**{name: getattr(row, name) / 4 for name in prices}) for row in rows]
    done = stockstream(*command, "5d", cwd=site.folder, env=env)
    assert done.returncode == 0, done.stderr
    assert "AAPL: Yahoo gives prices at 0.25 times what was sent, as after a split: its bars from" in done.stderr
    assert list(bars(site, symbol="AAPL")["close"]) == [row.close for row in market.rows]


@pytest.mark.parametrize("symbols", ["AAPL NOPE", "NOPE AAPL", "NOPE,AAPL,NADA"])
def test_a_symbol_that_yahoo_does_not_know_is_named_and_fails_wherever_it_stands(
    site: Site, yahoo: Standin, tmp_path: Path, symbols: str
) -> None:
    yahoo.markets["AAPL"] = Market(minutes(OPENING, 3), (OPENING, CLOSING))
    done = stockstream(
        "produce", "yahoo", *symbols.split(), "--once", cwd=site.folder, env=led_to(yahoo, site, tmp_path)
    )
    assert done.returncode == 1
    assert done.stdout.startswith("stocks: 3 sent, 0 refused")
    assert "Yahoo does not know NOPE" in done.stderr
    assert ("Yahoo does not know NADA" in done.stderr) == ("NADA" in symbols)
    assert len(bars(site, symbol="AAPL")) == 3


def test_yahoo_s_history_arrives_and_leaves_nothing_elsewhere(site: Site, yahoo: Standin, tmp_path: Path) -> None:
    rows = minutes(OPENING, 30)
    rows[7] = null(rows[7].time)
    yahoo.markets["AAPL"] = Market(rows, (OPENING, CLOSING))
    home = tmp_path / "home"
    home.mkdir()
    done = stockstream("produce", "yahoo", "aapl", "--once", cwd=site.folder, env=led_to(yahoo, site, home))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("stocks: 29 sent, 1 refused")
    assert f"AAPL 1m, line 8: no prices for {OPENING + timedelta(minutes=7):%Y-%m-%d %H:%MZ}" in done.stderr
    assert "Warning" not in done.stderr
    frame = bars(site, symbol="AAPL")
    assert list(frame["close"]) == [row.close for row in rows if row.close is not None]
    assert set(frame["tz"]) == {"America/New_York"}
    assert {path.name for path in (home / "ours" / "yahoo").glob("*.db")} == {"cookies.db"}
    assert [path.name for path in home.iterdir()] == ["ours"]


def test_yahoo_continues_live_until_ctrl_c(site: Site, yahoo: Standin, tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    rows = minutes(now - timedelta(minutes=30), 29)
    market = Market(rows[:10], (now.replace(hour=0, minute=0), now.replace(hour=23, minute=59)), zone="UTC")
    yahoo.markets["BTC-USD"] = market
    with running(site, "yahoo", "BTC-USD", "--poll", "1", env=led_to(yahoo, site, tmp_path)) as process:
        sent(process, 10)
        market.rows = rows
        sent(process, 29)
        result = end_by_ctrl_c(process)
    assert result.startswith("stocks: 29 sent, 0 refused")
    assert list(bars(site)["time"]) == [row.time for row in rows]


def test_ctrl_c_is_heard_while_yahoo_is_away(site: Site, yahoo: Standin, tmp_path: Path) -> None:
    yahoo.delay = 60.0
    with running(site, "yahoo", "AAPL", env=led_to(yahoo, site, tmp_path)) as process:
        sent(process, 0)
        begun = time.monotonic()
        assert end_by_ctrl_c(process).startswith("stocks: 0 sent")
        # Well before the request itself is given up, after 20 s.
        assert time.monotonic() - begun < 15


@pytest.mark.parametrize(
    ("arguments", "code", "result"),
    [
        (["NOPE", "--once"], 1, "Yahoo does not know NOPE (No data found, symbol may be delisted)"),
        (["AAPL", "--history", "5x"], 2, "should be days, weeks, months or years"),
        ([], 2, "missing argument 'SYMBOL'"),
    ],
)
def test_what_yahoo_cannot_give_is_said(
    site: Site, yahoo: Standin, tmp_path: Path, arguments: list[str], code: int, result: str
) -> None:
    done = stockstream("produce", "yahoo", *arguments, cwd=site.folder, env=led_to(yahoo, site, tmp_path))
    assert done.returncode == code
    assert result in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
