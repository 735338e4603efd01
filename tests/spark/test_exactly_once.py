"""Kill -9 of a job after its first commits: after the next run the table is what a window shows, each row once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError
from msgspec import json

from stockstream import processes
from stockstream.records import Bar
from stockstream.spark.indicator import IndicatorJob
from stockstream.spark.indicator_states import frame_columns
from stockstream.tables.batches import MANIFEST
from stockstream.topics import STOCKS
from tests.everywhere.test_kept import odd_walk
from tests.site import Site
from tests.spark.tables import FORMATS, written
from tests.spark.windows import TWO, assert_same, frame

BATCH = 250


def command(folder: Path, kind: str, *options: str) -> list[str]:
    return [
        sys.executable, "-m", "stockstream", "spark", "indicator", "--with", "obv,rsi", "--to", str(folder), "--format",
        kind, "--checkpoint", str(folder / "checkpoint"), "--master", "local[2]", "--memory", "600m",
        "--partitions", "2", "--max-rows", str(BATCH), *options,
    ]  # fmt: skip


def commits(folder: Path, kind: str) -> int:
    """Number of batches in the table."""
    if kind == "parquet":
        manifest = folder / "indicators" / MANIFEST
        return len(json.decode(manifest.read_bytes())["batches"]) if manifest.exists() else 0
    with suppress(TableNotFoundError):
        return int(DeltaTable(str(folder / "indicators")).version())
    return 0


def kill(site: Site, folder: Path, kind: str, dice: random.Random) -> int:
    """Start the job, and kill it and all its processes after further commits; returns how many there are."""
    before = commits(folder, kind)
    process = subprocess.Popen(
        command(folder, kind, "--trigger", "1 second"), env=site.env, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        ends = time.monotonic() + 600
        while commits(folder, kind) < before + 2:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < ends, "no commit in time"
            time.sleep(0.02)
        time.sleep(dice.uniform(0.0, 1.5))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    return commits(folder, kind)


def interrupted(site: Site, folder: Path, kind: str, last: int) -> None:
    """Let the job go on, and end it by Ctrl-C after a batch: it says what was done."""
    process = subprocess.Popen(
        command(folder, kind, "--trigger", "1 second"), env=site.env, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        told = []
        for line in process.stdout:
            told.append(line)
            if line.startswith(f"batch {last}:"):
                process.send_signal(signal.SIGINT)
        process.wait(120)
    finally:
        processes.kill(process)
    assert process.returncode == 128 + signal.SIGINT, told
    assert told[-1].startswith("indicator: "), told
    assert told[-1].endswith("(stopped)\n"), told


def killed(site: Site, folder: Path, kind: str, kills: int) -> None:
    dice = random.Random(f"{kind} {kills}")
    # Two commits before each kill, and those that are made until it comes.
    bars: list[Bar] = odd_walk(7, BATCH * 4 * kills)
    site.send(STOCKS, bars)
    batches = len(bars) // BATCH
    for _ in range(kills):
        assert kill(site, folder, kind, dice) < batches, "it was killed when all was done"
    if kind == "parquet":
        interrupted(site, folder, kind, last=-(-len(bars) // BATCH) - 1)
    else:
        done = subprocess.run(
            command(folder, kind, "--trigger", "available-now"), env=site.env, capture_output=True, text=True,
            timeout=800, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    rows = written(folder, IndicatorJob(TWO).layouts[0].name, kind)
    assert not rows.duplicated("time").any()
    assert_same(rows, frame("AAPL", bars, TWO), frame_columns(TWO))


@pytest.mark.spark
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", FORMATS)
def test_a_job_that_is_killed_loses_and_repeats_nothing(kind: str, site: Site, tmp_path: Path) -> None:
    killed(site, tmp_path, kind, 1)


@pytest.mark.spark
@pytest.mark.thorough
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("kind", FORMATS)
def test_twenty_kills(kind: str, site: Site, tmp_path: Path) -> None:
    killed(site, tmp_path, kind, 10)
