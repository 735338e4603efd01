"""The notebooks: without output in git, and each runs from top to bottom on a real broker."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from stockstream import processes
from stockstream.web.assets import are_built
from tests.cli.helpers import until
from tests.site import Site

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def test_there_are_four() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["first-look", "live", "spark", "widget"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_output_and_is_small(path: Path) -> None:
    notebook = read(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in code] == [[]] * len(code)
    assert {cell.execution_count for cell in code} == {None}
    assert all(cell.metadata == {} for cell in notebook.cells)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.cells[0].source.startswith("# ")
    assert path.stat().st_size < 16_000
    assert not re.search(r"/(home|root|tmp|Users)/", path.read_text())


@contextmanager
def running(site: Site, *arguments: str) -> Iterator[None]:
    """A command that runs beside the notebook."""
    command = [sys.executable, "-m", "stockstream", *arguments]
    process = subprocess.Popen(command, cwd=site.folder, env=site.env, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        processes.kill(process)


def executed(name: str, site: Site, **variables: str) -> str:
    """Run a notebook in a folder of its own; returns what its cells have printed, and a line for each picture."""
    (notebook,) = (read(path) for path in NOTEBOOKS if path.stem == name)
    env = {**site.env, **variables, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    client = NotebookClient(notebook, timeout=240, kernel_name="python3")
    client.execute(env=env, cwd=str(site.folder))
    assert name != "widget" or notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    told = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            told.append(output.get("text") or ("<picture>" if "image/png" in data else data.get("text/plain", "")))
    return "\n".join(told)


def test_the_first_look(site: Site) -> None:
    sent = site.run("produce", "simulated", "AAPL", "MSFT", "NVDA", "--history", "300", "--count", "300", "--pace", "0")
    assert sent.returncode == 0, sent.stderr
    sent = site.run("produce", "flights", str(ROOT / "data" / "flights" / "sample.csv"))
    assert sent.returncode == 0, sent.stderr
    told = executed("first-look", site)
    assert told.count("<picture>") == 5
    assert "Warning" not in told
    assert re.search(r"NVDA\s+1m\s+simulated\s+[56]\d\d ", told)


def test_the_live_stream_moves_and_stops_by_itself(site: Site) -> None:
    with running(site, "produce", "simulated", "AAPL", "MSFT", "--pace", "0.5"):
        until(lambda: site.run("series", "--json").returncode == 0)
        told = executed("live", site)
    bars, drawn = map(int, re.findall(r"(\d+) bars, drawn (\d+) times", told)[0])
    assert bars > 121
    assert drawn > 2
    assert told.count("<picture>") == 2


@pytest.mark.skipif(not are_built(), reason="the page's drawing library was not built (make web, with npm)")
def test_the_live_chart_is_drawn_and_saved_with_the_notebook(site: Site) -> None:
    with running(site, "produce", "simulated", "AAPL", "MSFT", "--pace", "0.5"):
        until(lambda: site.run("series", "--json").returncode == 0)
        told = executed("widget", site)
    assert "AAPL 1m - Bollinger Bands (20, 2)" in told
    assert re.search(r"\d+ bars, the newest with RSI \d", told)
    assert "SIMULATED · ● connected since" in told


@pytest.mark.spark
def test_spark_over_the_topics(site: Site) -> None:
    sent = site.run("produce", "simulated", "AAPL", "MSFT", "NVDA", "--history", "300", "--count", "300", "--pace", "0")
    assert sent.returncode == 0, sent.stderr
    told = executed("spark", site)
    equal = int(re.findall(r"(\d+) values are equal", told)[0])
    assert equal > 900
    assert told.count("<picture>") == 1
    assert "Warning" not in told
