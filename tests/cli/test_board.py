"""The demo's display of its child processes."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator

import pytest
from rich.console import Console

from stockstream.cli.board import board, table
from stockstream.cli.reporter import PersonReporter
from stockstream.cli.supervisor import State, Supervisor
from tests.cli.helpers import until

CHILD = """
import json, sys, time
what = sys.argv[1]
def tell(event, **values):
    print(json.dumps({"event": event, **values}), file=sys.stderr, flush=True)
if what == "jars":
    tell("progress", done=12_340_000, total=43_000_000, rate=6e6, state="fetching Kafka, bytes")
else:
    tell("progress", done=1234, total=5000 if what == "flights" else None, rate=99.6, state="sending " + what)
if what == "dead":
    tell("error", text="no broker answers [here]", hint=None, log=None)
    sys.exit(1)
time.sleep(60)
"""


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with Supervisor(os.environ) as started:
        for name in ("bars", "flights", "dead"):
            started.start(name, [sys.executable, "-c", CHILD, name], rank=0)
        states = [State.RUNNING, State.RUNNING, State.DIED]
        until(lambda: [child.state for child in started.children] == states)
        yield started


def test_the_table_says_what_runs_how_fast_and_why_one_died(supervisor: Supervisor) -> None:
    console = Console(file=io.StringIO(), width=100)
    console.print(table(supervisor.children))
    assert isinstance(console.file, io.StringIO)
    assert [line.rstrip() for line in console.file.getvalue().splitlines()] == [
        "PROCESS  STATE           RECORDS  RECORDS/S",
        "bars     running           1,234       99.6  sending bars",
        "flights  running  1,234 of 5,000       99.6  sending flights",
        "dead     died              1,234          -  no broker answers [here] (exit code 1)",
    ]


def test_bytes_are_no_records() -> None:
    with Supervisor(os.environ) as supervisor:
        supervisor.start("broker", [sys.executable, "-c", CHILD, "jars"], rank=0)
        until(lambda: supervisor.children[0].report.done is not None)
        console = Console(file=io.StringIO(), width=100)
        console.print(table(supervisor.children))
        assert isinstance(console.file, io.StringIO)
        row = console.file.getvalue().splitlines()[1].rstrip()
        assert row.split(maxsplit=4) == ["broker", "running", "-", "-", "fetching Kafka, 12 of 43 MB"]


def test_without_a_terminal_changes_are_lines_each_reported_once(supervisor: Supervisor) -> None:
    stderr = io.StringIO()
    with board(PersonReporter(stderr, io.StringIO()), supervisor.children) as shown:
        shown.report()
        shown.report()
        assert stderr.getvalue().splitlines() == [
            "bars: running, sending bars",
            "flights: running, sending flights",
            "dead: died, no broker answers [here] (exit code 1)",
        ]
        supervisor.stop()
    assert stderr.getvalue().splitlines()[3:] == ["bars: ended", "flights: ended"]
