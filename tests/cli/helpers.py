"""Helpers of the tests of the command line, which run commands as a user would: in separate processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.patience import until as until

# A `stockstream` whose command "doctor" does what a test wants; everything around it is the real thing.
PROGRAM = """
import sys, time, types
import typer
from stockstream.cli import entries, main
from stockstream.cli.context import Context
from stockstream.errors import StockstreamError, Unreachable

def act(ctx: typer.Context, what: str) -> None:
    context = Context.of(ctx)
    reporter = context.reporter
    reporter.note("began")
    if what == "result":
        reporter.warn("mind the gap")
        for done in range(5):
            reporter.progress(done, 4, 2.5, "counting")
        reporter.result("the result")
    elif what == "error":
        raise Unreachable("no broker answers", hint="start one")
    elif what == "defect":
        raise ValueError(f"out of range: {context.settings.connection('consumer')}")
    elif what == "file":
        open("absent/file")
    elif what == "wait":
        time.sleep(60)
    elif what == "load":
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            raise ImportError("initialization failed") from None
    else:
        reporter.warn(f"{what} is odd")
        raise StockstreamError(f"{what} cannot be done", hint="say something else")

acts = types.ModuleType("acts")
acts.act = act
sys.modules["acts"] = acts
entries.COMMANDS["doctor"] = entries.Entry("acts:act", "A test's.", "Care")
main.run()
"""

COMMAND = (sys.executable, "-c", PROGRAM)


def clean(state: Path, **own: str) -> dict[str, str]:
    """The environment without settings of whoever runs the tests, and with states of our own."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("STOCKSTREAM_")}
    return {**inherited, "COLUMNS": "100", "TERM": "dumb", "STOCKSTREAM_STATE_DIR": str(state), **own}


def stockstream(
    *arguments: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    command: Sequence[str] = (sys.executable, "-m", "stockstream"),
    stdin: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    return subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        env=dict(env or clean(cwd / "state")),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def events(stderr: str) -> list[dict[str, Any]]:
    """The JSON objects of a ``--log-json`` run; every line has to be one."""
    return [json.loads(line) for line in stderr.splitlines()]
