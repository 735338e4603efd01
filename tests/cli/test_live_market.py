"""`demo --live` shows what trades now and answers, or says in a line that it simulates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stockstream.cli.context import Context
from stockstream.cli.demo import _plan
from stockstream.cli.live_market import live_source
from stockstream.cli.produce.outlet import KafkaOutlet
from stockstream.cli.reporter import PersonReporter
from stockstream.config import load
from stockstream.kafka.broker import free_port
from tests.producers.manual_clock import ManualClock
from tests.producers.yahoo_standin import Fault, Market, Standin, standing_in

OPEN = datetime(2026, 3, 19, 15, 0, tzinfo=UTC)
NIGHT = datetime(2026, 3, 19, 3, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 3, 22, 15, 0, tzinfo=UTC)
FAILS = Fault(503, "busy")


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    """Yahoo and Binance, who answer that nobody trades."""
    with standing_in(tmp_path) as standin:
        for name, value in standin.environment.items():
            monkeypatch.setenv(name, value)
        standin.markets["NVDA"] = Market([], (OPEN, OPEN))
        standin.services["data-api.binance.vision"] = lambda _: Fault(200, "[]")
        monkeypatch.chdir(tmp_path)
        yield standin


@dataclass
class Told(PersonReporter):
    """Keeps what is said."""

    lines: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.lines.append(text)

    def warn(self, text: str) -> None:
        self.lines.append(text)


def chosen(at: datetime, patience: float = 30.0) -> tuple[str, list[str]]:
    """The source at a moment, and what is said of it."""
    own = {name: str(Path.cwd() / name) for name in ("data_dir", "state_dir", "cache_dir")}
    settings = load(None, own | {"demo": {"symbols": ["NVDA", "AMD"]}, "broker": {"port": free_port()}}, {})
    result = Told()
    context = Context(settings, result, KafkaOutlet(settings), clock=ManualClock(at).clock)
    source = live_source(context, patience)
    with ExitStack() as stack:
        plan = _plan(stack, context, source=source, headless=True)
    symbols = {"yahoo": ["NVDA", "AMD"], "binance": ["BTCUSDT", "ETHUSDT"], "simulated": ["NVDA", "AMD"]}[source]
    assert plan.producers()[source] == ["produce", source, *symbols]
    assert plan.windows()["watch aroon"][:5] == ["watch", "aroon", *symbols, "--feed"]
    assert ("market" in plan.windows()["watch bollinger"]) is (source != "simulated")
    return source, [line for line in result.lines if "drawn to" not in line]


@pytest.mark.parametrize(
    ("at", "source", "words"),
    [
        (OPEN, "yahoo", "New York trades: its bars are Yahoo's"),
        (NIGHT, "binance", "New York is closed: the bars are those of BTCUSDT and ETHUSDT from Binance"),
        (SUNDAY, "binance", "New York is closed: the bars are those of BTCUSDT and ETHUSDT from Binance"),
    ],
)
def test_what_trades_now_is_shown(standin: Standin, at: datetime, source: str, words: str) -> None:
    assert chosen(at) == (source, [words])


def test_where_yahoo_fails_binance_is_shown(standin: Standin) -> None:
    standin.faults.append(FAILS)
    assert chosen(OPEN)[0] == "binance"


def down(standin: Standin) -> None:
    standin.faults.extend([FAILS] * 9)


def asleep(standin: Standin) -> None:
    standin.delay = 3.0


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (down, "Binance fails (status 503): the bars are simulated"),
        (asleep, "Binance does not answer within 1 s: the bars are simulated"),
    ],
)
def test_where_none_answers_it_simulates_and_says_so_in_a_line(
    standin: Standin, fault: Callable[[Standin], None], words: str
) -> None:
    fault(standin)
    assert chosen(NIGHT, 1.0) == ("simulated", [words])


def test_a_symbol_that_yahoo_does_not_know_is_for_its_producer_to_tell(standin: Standin) -> None:
    del standin.markets["NVDA"]
    assert chosen(OPEN)[0] == "yahoo"
