"""Every option and setting of ``produce`` takes effect: a recording outlet shows the records and their times."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
import typer
from typer.testing import CliRunner

from stockstream.cli.context import Invocation
from stockstream.cli.produce.produce import Sources, app
from stockstream.config_sections import SimulatedSettings, SourceSettings
from stockstream.control import Order
from stockstream.kafka.broker import free_port
from stockstream.producers.simulated import Walk
from stockstream.producers.sources.catalog import sources
from tests.cli.helpers import until
from tests.cli.produce.recording import NOW, Recording, Sent, produce
from tests.producers.manual_clock import ManualClock
from tests.producers.yahoo_standin import OPENING, Standin, minutes

SIMULATED = ("simulated", "AAPL", "--count", "3", "--history", "0")
YAHOO = ("yahoo", "AAPL")
MARKET = ("market", "AAPL")
CSV = ("csv", "AAPL_1m.csv")
FLIGHTS = ("flights", "flights.csv", "--again")

READINGS = ("stdin", "readings", "http", "mqtt", "news")
"""Commands whose options `test_readings` and `test_news` have cases for."""

Case = tuple[tuple[str, ...], Callable[[Sent], object], object]
"""A command with the option, what is seen of it, and what is expected."""

CASES: dict[str, Case] = {
    "simulated interval": ((*SIMULATED, "--interval", "5m"), lambda sent: {bar.interval for bar in sent.bars}, {"5m"}),
    "simulated pace": ((*SIMULATED, "--pace", "7"), lambda sent: sent.gaps, [0.0, 7.0, 14.0]),
    "simulated history": (("simulated", "AAPL", "--count", "3", "--history", "4"), lambda sent: len(sent.bars), 7),
    "simulated seed": (
        (*SIMULATED, "--seed", "9"),
        lambda sent: sent.bars[0].open,
        Walk("AAPL", "1m", 9).first_price(),
    ),
    "simulated count": (("simulated", "AAPL", "--history", "0", "--count", "5"), lambda sent: len(sent.bars), 5),
    "simulated seconds": (
        ("simulated", "AAPL", "--history", "0", "--pace", "2", "--seconds", "5"),
        lambda sent: sent.gaps,
        [0.0, 2.0, 4.0],
    ),
    "csv symbol": ((*CSV, "--symbol", "XYZ"), lambda sent: {bar.symbol for bar in sent.bars}, {"XYZ"}),
    "csv interval": ((*CSV, "--interval", "5m"), lambda sent: {bar.interval for bar in sent.bars}, {"5m"}),
    "csv tz": (
        (*CSV, "--tz", "America/New_York"),
        lambda sent: sent.bars[0].time,
        datetime(2026, 3, 2, 19, 30, tzinfo=UTC),
    ),
    "csv columns": ((*CSV, "--columns", "close=settle"), lambda sent: [bar.close for bar in sent.bars], [1.6, 1.3]),
    "csv date_format": (
        ("csv", "MSFT_1d.csv", "--date-format", "M/D/Y"),
        lambda sent: [bar.time.month for bar in sent.bars],
        [2, 3],
    ),
    "csv separator": ((*CSV, "--separator", "tab"), lambda sent: (sent.bars, sent.exit_code), ([], 1)),
    "csv decimal": (("csv", "SAP_1d.csv", "--decimal", "."), lambda sent: sent.bars[0].close, 1500.0),
    "csv dry_run": ((*CSV, "--dry-run"), lambda sent: (sent.bars, "AAPL_1m.csv" in sent.output), ([], True)),
    "csv rate": ((*CSV, "--rate", "0.25"), lambda sent: sent.gaps, [0.0, 4.0]),
    "flights rate": ((*FLIGHTS, "--rate", "0.5"), lambda sent: sent.gaps, [0.0, 2.0, 4.0, 6.0]),
    "flights speed": (
        (*FLIGHTS, "--speed", "60", "--start", "2015-02-06", "--end", "2015-02-06"),
        lambda sent: sent.gaps,
        [0.0, 10.0],
    ),
    "flights start": ((*FLIGHTS, "--start", "2015-02-06"), lambda sent: [each.day for each in sent.flights], [6, 6, 7]),
    "flights end": ((*FLIGHTS, "--end", "2015-02-06"), lambda sent: [each.day for each in sent.flights], [5, 6, 6]),
    "flights airlines": (
        (*FLIGHTS, "--airlines", "AA"),
        lambda sent: [each.airline for each in sent.flights],
        ["AA"],
    ),
    "flights again": (FLIGHTS, lambda sent: len(sent.flights), 4),
    "yahoo interval": (
        (*YAHOO, "--once", "--interval", "5m"),
        lambda sent: {bar.interval for bar in sent.bars},
        {"5m"},
    ),
    "yahoo forming": (
        (*YAHOO, "--once", "--forming"),
        lambda sent: [bar.final for bar in sent.bars][-2:],
        [True, False],
    ),
    "yahoo once": ((*YAHOO, "--once"), lambda sent: (len(sent.bars), sent.outlet.manual_clock.slept), (10, 0.0)),
    "yahoo seconds": ((*YAHOO, "--seconds", "100"), lambda sent: sent.outlet.manual_clock.slept // 10, 10),
}
CASES |= {
    "csv burst": ((*CSV, "--rate", "0.25", "--burst", "2"), lambda sent: sent.gaps, [0.0, 0.0]),
    "csv speed": ((*CSV, "--speed", "30"), lambda sent: sent.gaps, [0.0, 2.0]),
    "csv count": ((*CSV, "--count", "1"), lambda sent: len(sent.bars), 1),
    "csv seconds": ((*CSV, "--rate", "0.25", "--seconds", "3"), lambda sent: len(sent.bars), 1),
    "csv start": ((*CSV, "--start", "2026-03-02T14:31"), lambda sent: [bar.time.minute for bar in sent.bars], [31]),
    "csv end": ((*CSV, "--end", "2026-03-02T14:31"), lambda sent: [bar.time.minute for bar in sent.bars], [30]),
    "csv loop": ((*CSV, "--loop", "3"), lambda sent: [bar.time.minute for bar in sent.bars], [30, 31] * 3),
    "simulated rate": ((*SIMULATED, "--pace", "0", "--rate", "0.5"), lambda sent: sent.gaps, [0.0, 2.0, 4.0]),
    "simulated burst": (
        (*SIMULATED, "--pace", "0", "--rate", "0.5", "--burst", "2"),
        lambda sent: sent.gaps,
        [0.0, 0.0, 2.0],
    ),
    "simulated speed": ((*SIMULATED, "--pace", "0", "--speed", "60"), lambda sent: sent.gaps, [0.0, 1.0, 2.0]),
    "simulated start": ((*SIMULATED, "--start", "2100-01-01"), lambda sent: len(sent.bars), 0),
    "simulated end": ((*SIMULATED, "--end", "2000-01-01"), lambda sent: len(sent.bars), 0),
    "flights burst": ((*FLIGHTS, "--rate", "0.5", "--burst", "3"), lambda sent: sent.gaps, [0.0, 0.0, 0.0, 2.0]),
    "flights loop": (
        (*FLIGHTS, "--loop", "2"),
        lambda sent: (len(sent.flights), len({each.file for each in sent.flights})),
        (8, 2),
    ),
    "flights count": ((*FLIGHTS, "--count", "3"), lambda sent: len(sent.flights), 3),
    "flights seconds": ((*FLIGHTS, "--rate", "0.5", "--seconds", "3"), lambda sent: len(sent.flights), 2),
    "yahoo rate": ((*YAHOO, "--once", "--rate", "1", "--count", "3"), lambda sent: sent.gaps, [0.0, 1.0, 2.0]),
    "yahoo burst": (
        (*YAHOO, "--once", "--rate", "1", "--burst", "2", "--count", "3"),
        lambda sent: sent.gaps,
        [0.0, 0.0, 1.0],
    ),
    "yahoo speed": ((*YAHOO, "--once", "--speed", "60", "--count", "3"), lambda sent: sent.gaps, [0.0, 1.0, 2.0]),
    "yahoo count": ((*YAHOO, "--once", "--count", "4"), lambda sent: len(sent.bars), 4),
    "yahoo start": ((*YAHOO, "--once", "--start", "2100-01-01"), lambda sent: len(sent.bars), 0),
    "yahoo end": ((*YAHOO, "--once", "--end", "2000-01-01"), lambda sent: len(sent.bars), 0),
}
CASES |= {
    f"market {case.partition(' ')[2]}": (
        tuple(MARKET[0] if word == "yahoo" else word for word in words),
        seen,
        expected,
    )
    for case, (words, seen, expected) in CASES.items()
    if case.startswith("yahoo ")
}
CASES |= {
    f"{command[0]} retention": ((*command, "--retention", "1d"), lambda sent: sent.outlet.retention, "86400000")
    for command in (SIMULATED, CSV, FLIGHTS, (*YAHOO, "--once"), (*MARKET, "--once"))
}
ELSEWHERE = {
    "yahoo extended": "test_extended_hours_of_yahoo_arrive",
    "yahoo no_stream": "test_a_stream_is_listened_to_unless_it_is_not_wished",
    "yahoo history": "test_how_yahoo_is_asked",
    "yahoo poll": "test_how_yahoo_is_asked",
    "market history": "test_the_settings_of_the_market_arrive",
    **dict.fromkeys(
        (f"{name} metrics" for name in ("simulated", "csv", "flights", "yahoo", "market")),
        "test_figures_are_served_meanwhile",
    ),
}


def test_every_option_has_a_case() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, Sources)
    options = {
        f"{name} {option.name}"
        for name in group.lines()
        if name not in READINGS
        for option in group.built(name).params
        if option.param_type_name == "option" and option.name != "help"
    }
    # Every source has the one function: what arrives of it for one does for the others.
    others = sources().keys() - {"yahoo"}
    own = {each for each in options if each.split()[0] not in others}
    assert own == CASES.keys() | ELSEWHERE.keys()
    expected = {each.split()[1] for each in own if each.startswith("yahoo ")}
    assert all({each.split()[1] for each in options if each.startswith(f"{name} ")} == expected for name in others)


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith(("yahoo", "market"))])
def test_an_option_arrives(home: Path, name: str) -> None:
    arguments, seen, expected = CASES[name]
    result = produce(*arguments)
    assert seen(result) == expected, result.output


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(("yahoo", "market"))])
def test_an_option_of_yahoo_arrives(yahoo: Standin, name: str) -> None:
    arguments, seen, expected = CASES[name]
    result = produce(*arguments)
    assert seen(result) == expected, result.output


def test_without_the_option_it_is_otherwise(home: Path) -> None:
    assert not produce("flights", "flights.csv").flights, "what the topic holds is not sent again"
    assert produce(*CSV).outlet.lingers == [50]
    assert produce(*CSV, "--rate", "100").outlet.lingers == [5]
    assert produce(*FLIGHTS).outlet.lingers == [50]
    assert produce(*FLIGHTS, "--speed", "1000").outlet.lingers == [5]
    assert produce(*SIMULATED).gaps == [0.0, 3.0, 6.0]
    assert produce("csv", "SAP_1d.csv").bars[0].close == 1.5


def asked(yahoo: Standin, which: int = 0) -> tuple[str, str, int]:
    """From which day on and for which interval Yahoo was asked, first or last, and how often it was asked."""
    charts = yahoo.charts("AAPL")
    day = datetime.fromtimestamp(int(charts[which]["period1"]), UTC)
    return f"{day:%Y-%m-%d}", charts[which]["interval"], len(charts)


@pytest.mark.parametrize(
    ("arguments", "settings", "expected"),
    [
        ((), "", ("2026-03-13", "1m", 3)),
        (("--history", "1mo"), "", ("2026-02-19", "1m", 7)),
        (("--poll", "20"), "", ("2026-03-13", "1m", 4)),
        ((), "sources: {yahoo: {history: 1mo, interval: 2m, poll: 15}}", ("2026-02-19", "2m", 5)),
        (
            ("--history", "5d", "--poll", "20", "--interval", "1m"),
            "sources: {yahoo: {history: 1mo, interval: 2m, poll: 15}}",
            ("2026-03-13", "1m", 4),
        ),
    ],
)
def test_how_yahoo_is_asked(
    yahoo: Standin, arguments: tuple[str, ...], settings: str, expected: tuple[str, str, int]
) -> None:
    produce(*YAHOO, "--seconds", "70", *arguments, settings=settings)
    assert asked(yahoo) == expected


def test_the_settings_of_the_market_arrive(yahoo: Standin) -> None:
    settings = "market: {sources: [binance, yahoo], interval: 5m, history: 1mo, symbols: {AAPL: {binance: null}}}"
    result = produce(*MARKET, "--once", settings=settings)
    assert {(bar.source, bar.interval) for bar in result.bars} == {("yahoo", "5m")}
    assert asked(yahoo)[:2] == ("2026-02-19", "5m")
    produce(*MARKET, "--once", "--history", "5d", settings=settings)
    assert asked(yahoo, -1)[0] == "2026-03-13"


def test_extended_hours_of_yahoo_arrive(yahoo: Standin) -> None:
    market = yahoo.markets["AAPL"]
    market.rows[:0] = minutes(OPENING - timedelta(minutes=2), 2)
    assert [bar.flags for bar in produce(*YAHOO, "--once", "--extended").bars][:3] == [("extended",), ("extended",), ()]
    assert next(bar.time for bar in produce(*YAHOO, "--once").bars) == OPENING


def test_a_stream_is_listened_to_unless_it_is_not_wished(yahoo: Standin) -> None:
    produce(*YAHOO, "--seconds", "30", "--no-stream")
    assert yahoo.stream.paths == []
    produce(*YAHOO, "--seconds", "30", look=lambda: time.sleep(0.05))
    until(lambda: len(yahoo.stream.paths) == 1)


SETTINGS: dict[str, tuple[str, Callable[[Sent], object], object]] = {
    "interval": ("interval: 2m", lambda sent: {bar.interval for bar in sent.bars}, {"2m"}),
    "pace": ("pace: 4", lambda sent: sent.gaps, [0.0, 4.0, 8.0]),
    "seed": ("seed: 5", lambda sent: sent.bars[0].open, Walk("AAPL", "1m", 5).first_price()),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_of_the_simulator_arrives(home: Path, name: str) -> None:
    text, seen, expected = SETTINGS[name]
    assert seen(produce(*SIMULATED, settings=f"simulated: {{{text}}}")) == expected


def test_every_setting_has_a_case(home: Path) -> None:
    assert SETTINGS.keys() == SimulatedSettings.model_fields.keys()
    asked = {"interval", "history", "poll"}, {"spacing", "key_file", "calls_a_day"}
    assert set.union(*asked) == SourceSettings.model_fields.keys(), "test_how_yahoo_is_asked; tests of the sources"
    result = produce("simulated", "--count", "1", "--history", "0", settings="demo: {symbols: [X, Y]}")
    assert [bar.symbol for bar in result.bars] == ["X", "Y"]


@pytest.mark.parametrize("command", [SIMULATED, CSV, FLIGHTS, (*YAHOO, "--once"), (*MARKET, "--once")])
def test_figures_are_served_meanwhile(yahoo: Standin, command: tuple[str, ...]) -> None:
    port = free_port()
    served: list[bytes] = []

    def look() -> None:
        if not served:
            with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
                served.append(answer.read())

    produce(*command, "--metrics", str(port), look=look)
    assert b"process_cpu_seconds_total" in served[0]


def test_orders_from_elsewhere_pace_a_producer(home: Path) -> None:
    manual_clock = ManualClock(NOW)
    orders = {2: Order("csv", rate=0.1), 4: Order("csv")}

    def look() -> None:
        order = orders.get(len(outlet.sink.times))
        if order is not None:
            outlet.orders[0](order)

    outlet = Recording(manual_clock, look)
    invocation = Invocation(outlet=outlet, clock=manual_clock.clock)
    result = CliRunner().invoke(app, [*CSV, "--loop", "3"], obj=invocation)
    assert result.exit_code == 0, result.output
    assert Sent(outlet, 0, "").gaps == [0.0, 0.0, 0.0, 10.0, 10.0, 10.0]
