"""Producers that are started before the broker: they wait for it and say so."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stockstream.kafka.broker import Broker, free_port
from tests.cli.helpers import clean, until
from tests.producers.flight_lines import LINE, write

BAR = "Date,Open,High,Low,Close,Adj Close,Volume\n2026-01-02,1,3,1,2,2,10\n"


class Waiting:
    """A producer without a broker; its output is in ``stderr``."""

    def __init__(self, folder: Path, port: int, *arguments: str) -> None:
        self.stderr = folder / f"{arguments[0]}.txt"
        with self.stderr.open("w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "stockstream", "produce", *arguments],
                cwd=folder,
                env=clean(folder / "state", STOCKSTREAM_BOOTSTRAP_SERVERS=f"127.0.0.1:{port}"),
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    def said(self, text: str) -> bool:
        return text in " ".join(self.stderr.read_text().split())


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def producers(tmp_path: Path, port: int) -> Iterator[list[Waiting]]:
    """One of each kind, all of which have reported that they wait."""
    (tmp_path / "KO_1d.csv").write_text(BAR)
    commands = (
        ("csv", "KO_1d.csv"),
        ("flights", str(write(tmp_path / "flights.csv", LINE))),
        ("simulated", "PEP", "--history", "1", "--count", "1", "--pace", "0"),
    )
    waiting = [Waiting(tmp_path, port, *command) for command in commands]
    try:
        for each in waiting:
            until(lambda each=each: each.said("waiting for the broker"))  # type: ignore[misc]
            assert each.said(f"no broker answers at 127.0.0.1:{port}: connection refused; waiting for it")
        yield waiting
    finally:
        for each in waiting:
            each.process.kill()
            each.process.communicate()


def test_they_go_on_when_it_is_there(
    producers: list[Waiting], tmp_path: Path, port: int, kafka_jars: list[Path]
) -> None:
    with Broker(tmp_path / "kafka", kafka_jars, port=port):
        results = [each.process.communicate(timeout=90)[0] for each in producers]
    assert [each.process.returncode for each in producers] == [0, 0, 0]
    assert [result.partition(",")[0] for result in results] == ["stocks: 1 sent", "flights: 1 sent", "stocks: 2 sent"]
    for each in producers:
        assert each.stderr.read_text().count("no broker answers") == 1
        assert each.said("the broker answers")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_waiting(producers: list[Waiting], number: int, code: int) -> None:
    for each in producers:
        each.process.send_signal(number)
    assert [each.process.wait(timeout=120) for each in producers] == [code, code, code]
    assert not any(each.said("Traceback") for each in producers)
