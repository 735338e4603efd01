"""`stockstream produce stdin`, `readings`, `http` and `mqtt`: each option takes effect, and windows show the bars."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer

from stockstream.cli.produce.produce import Sources, app
from stockstream.cli.produce.readings import ReadingOptions
from stockstream.cli.produce.run_options import StreamOptions
from stockstream.config_sections import ReadingsSettings
from stockstream.consumers.read import read
from stockstream.errors import StockstreamError
from stockstream.kafka.tail import Tail
from tests.cli.helpers import until
from tests.cli.produce.recording import Sent, produce
from tests.producers.readings.test_http import Service, answer, serving
from tests.site import Site

START = datetime(2026, 3, 19, 13, 0, tzinfo=UTC)

READINGS = ("readings", "plant.csv")
OF_GROUPS = {each.name for kind in (ReadingOptions, StreamOptions) for each in fields(kind)}
OWN = {"stdin": set[str](), "readings": {"follow"}, "http": {"every"}, "mqtt": {"tls", "qos", "client_id"}}


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of readings: one each 20 seconds, for six minutes, of two series."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STOCKSTREAM_STATE_DIR", str(tmp_path / "state"))
    rows = ["time,symbol,value,kW,local,name"]
    for number in range(18):
        moment = START + timedelta(seconds=20 * number)
        local = f"{moment:%Y-%m-%d %H:%M:%S}"
        rows.append(f"{moment.isoformat()},{'AB'[number % 2]},{number},{number * 10},{local},boiler")
    (tmp_path / "plant.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def symbols(result: Sent) -> set[str]:
    return {bar.symbol for bar in result.bars}


Case = tuple[tuple[str, ...], Callable[[Sent], object], object]

CASES: dict[str, Case] = {
    "interval": (("--interval", "2m"), lambda sent: {bar.interval for bar in sent.bars}, {"2m"}),
    "symbol": (("--symbol-from", "none", "--symbol", "X"), symbols, {"X"}),
    "symbol_from": (("--symbol-from", "name"), symbols, {"boiler"}),
    "value": (("--value", "kW"), lambda sent: max(bar.high for bar in sent.bars), 170.0),
    "unit": (
        ("--value", "value", "--value", "kW", "--unit", "s", "--unit", "kW"),
        lambda sent: {(bar.symbol, bar.unit) for bar in sent.bars},
        {("A.value", "s"), ("B.value", "s"), ("A.kW", "kW"), ("B.kW", "kW")},
    ),
    "time": (("--time", "local"), lambda sent: min(bar.time for bar in sent.bars), START),
    "tz": (
        ("--time", "local", "--tz", "America/New_York"),
        lambda sent: (min(bar.time for bar in sent.bars) - START, {bar.tz for bar in sent.bars}),
        (timedelta(hours=4), {"America/New_York"}),
    ),
    "forming": (("--forming", "--interval", "1d"), lambda sent: {bar.final for bar in sent.bars}, {False}),
    "rate": (("--rate", "0.5", "--count", "3"), lambda sent: sent.gaps, [0.0, 2.0, 4.0]),
    "burst": (("--rate", "0.5", "--burst", "2", "--count", "3"), lambda sent: sent.gaps, [0.0, 0.0, 2.0]),
    "speed": (("--speed", "60", "--symbol-from", "name"), lambda sent: sent.gaps, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
    "count": (("--count", "3"), lambda sent: len(sent.bars), 3),
    "seconds": (
        ("--follow", "--seconds", "7"),
        lambda sent: (len(sent.bars), 7 <= sent.outlet.manual_clock.slept < 9),
        (12, True),
    ),
    "start": (("--start", "2026-03-19T13:04"), lambda sent: min(bar.time for bar in sent.bars).minute, 4),
    "end": (("--end", "2026-03-19T13:02"), lambda sent: max(bar.time for bar in sent.bars).minute, 1),
    "retention": (("--retention", "1d"), lambda sent: sent.outlet.retention, "86400000"),
}


def test_every_option_has_a_case() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, Sources)
    for name, own in OWN.items():
        options = {option.name for option in group.built(name).params if option.param_type_name == "option"}
        assert options == OF_GROUPS | own
    assert CASES.keys() | {"metrics"} == OF_GROUPS, "figures are served by `send`, as for all commands"


@pytest.mark.parametrize("name", CASES)
def test_an_option_arrives(plant: Path, name: str) -> None:
    arguments, seen, expected = CASES[name]
    result = produce(*READINGS, *arguments)
    assert seen(result) == expected, result.output


def test_without_options_it_is_otherwise(plant: Path) -> None:
    result = produce(*READINGS)
    assert symbols(result) == {"A", "B"}
    assert [bar.final for bar in result.bars] == [True] * 12
    assert {(bar.feed, bar.source, bar.interval, bar.unit) for bar in result.bars} == {("readings", "file", "1m", None)}
    assert "18 readings" in result.output


SETTINGS: dict[str, Case] = {
    "interval": (("interval: 3m",), lambda sent: {bar.interval for bar in sent.bars}, {"3m"}),
    "time": (("time: local",), lambda sent: min(bar.time for bar in sent.bars), START),
    "symbol": (("symbol: name",), symbols, {"boiler"}),
    "value": (("value: kW",), lambda sent: max(bar.high for bar in sent.bars), 170.0),
    "values": (("values: {kW: W}",), lambda sent: max((bar.high, bar.unit) for bar in sent.bars), (170.0, "W")),
    "unit": (("unit: kW",), lambda sent: {bar.unit for bar in sent.bars}, {"kW"}),
    "tz": (("tz: Asia/Tokyo",), lambda sent: {bar.tz for bar in sent.bars}, {"Asia/Tokyo"}),
}


@pytest.mark.parametrize("name", ReadingsSettings.model_fields)
def test_a_setting_arrives(plant: Path, name: str) -> None:
    (text,), seen, expected = SETTINGS[name]
    assert seen(produce(*READINGS, settings=f"readings: {{{text}}}")) == expected


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("--value", "a["), "no key and no JMESPath"),
        (("--unit", "a", "--unit", "b", "--value", "kW"), "2 units for 1 values"),
        (("--rate", "1", "--speed", "2"), "either --rate or --speed"),
        (("--burst", "2"), "--burst needs a --rate"),
        (("--start", "soon"), "is not a time such as"),
        (("--start", "2026-03-19", "--end", "2026-03-18"), "is not before --end"),
    ],
)
def test_wrong_options_are_reported_in_a_line(plant: Path, arguments: tuple[str, ...], found: str) -> None:
    result = produce(*READINGS, *arguments)
    assert result.exit_code == 2
    assert found in " ".join(result.output.replace("│", " ").split())


def test_an_endpoint_is_asked_as_often_as_it_is_said(plant: Path) -> None:
    with serving(None) as service:
        service.answers = [answer(1.5)]
        result = asked(service, "--every", "2", "--seconds", "7")
    (bar,) = result.bars
    assert (bar.symbol, bar.volume, bar.source, bar.unit) == ("BERLIN", 1.0, "http", "°C")
    assert service.asked in (3, 4)
    assert "1 reading, and" in result.output


def asked(service: Service, *arguments: str) -> Sent:
    options = ("--symbol", "BERLIN", "--value", "current.t", "--time", "current.time", "--unit", "°C")
    return produce("http", service.url, *options, *arguments)


def lines(count: int) -> str:
    rows = [{"symbol": "S", "time": (START + timedelta(seconds=5 * n)).isoformat(), "value": n} for n in range(count)]
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def test_a_pipe_becomes_bars_and_its_bad_lines_are_kept(site: Site) -> None:
    for _ in range(2):  # the second time changes nothing
        done = site.run("produce", "stdin", "--interval", "1m", "--unit", "mm", stdin=lines(30) + "x\n" + lines(30))
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("stocks: 3 sent, 1 refused")
    assert "30 readings, and 30 repeated ones" in done.stderr
    frame = read(bootstrap_servers=site.bootstrap_servers, symbol="S", feed="readings")
    assert list(frame["volume"]) == [12.0, 12.0, 6.0]
    assert list(frame["close"]) == [11.0, 23.0, 29.0]
    with Tail("stocks.dlq", site.connection) as tail:
        assert [(letter.value, letter.key) for letter in tail.newest(10)] == [(b"x", "standard input/31")]


def held(site: Site, symbol: str) -> int:
    """How many bars of a symbol the topic holds; none where there is no topic yet."""
    try:
        return len(read(bootstrap_servers=site.bootstrap_servers, symbol=symbol))
    except StockstreamError:
        return 0


def started(site: Site, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "stockstream", "produce", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=site.folder, env=site.env, text=True, stdin=pipe, stdout=pipe, stderr=pipe)


def test_ctrl_c_sends_what_a_pipe_has_given_so_far(site: Site) -> None:
    process = started(site, "stdin", "--symbol", "CPU", "--interval", "1h", "--forming")
    assert process.stdin is not None
    process.stdin.write("1\n2\n3\n")
    process.stdin.flush()
    until(lambda: held(site, "CPU") == 1)
    process.stdin.write("4\n")
    process.stdin.flush()
    until(lambda: last_close(site) == 4.0)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "(stopped)" in out
    assert last_close(site) == 4.0


def last_close(site: Site) -> float:
    return float(read(bootstrap_servers=site.bootstrap_servers, symbol="CPU")["close"].iloc[-1])


def test_files_that_are_followed_survive_a_kill(site: Site) -> None:
    log = site.folder / "log"
    log.mkdir(exist_ok=True)
    (log / "a.jsonl").write_text(lines(30))
    process = started(site, "readings", "log", "--follow")
    until(lambda: held(site, "S") >= 2)
    process.kill()
    process.communicate(timeout=60)
    (log / "a.jsonl").write_text(lines(60))
    again = site.run("produce", "readings", "log")
    assert again.returncode == 0, again.stderr
    frame = read(bootstrap_servers=site.bootstrap_servers, symbol="S")
    assert frame["volume"].sum() == 60
    assert len(frame) == 5
    third = site.run("produce", "readings", "log")
    assert third.stdout.startswith("stocks: 0 sent, 0 refused, 5 already there")
