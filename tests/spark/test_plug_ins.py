"""Indicators of the user's own files in jobs: Spark's workers have them, too."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stockstream.plugins import INDICATORS, Plugins
from stockstream.spark.series_rows import NamedIndicator
from stockstream.topics import STOCKS
from tests.guide import write_files
from tests.site import Site
from tests.spark.tables import written
from tests.views.bars import walk

COMPUTE = """
import pickle, sys
indicator = pickle.loads(sys.stdin.buffer.read()).make()
assert sys.modules["stockstream_plugin_streak"].__file__.endswith("/streak.py")
from tests.views.bars import walk
print([indicator.update(bar) and indicator.value.streak for bar in walk(40)])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The files of docs/extending.md, as a user would have written them."""
    write_files(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("stockstream_plugin_")]:
        del sys.modules[name]


def streak(folder: Path) -> Any:
    """The indicator of the files."""
    return next(each.thing for each in Plugins([folder / "streak.py"]).offers(INDICATORS) if each.name == "Streak")


def test_a_process_that_has_not_run_the_file_computes_its_indicator(folder: Path) -> None:
    kind = streak(folder)
    content = pickle.dumps(NamedIndicator("streak", kind, {"least": 2}))
    (folder / "streak.py").unlink()  # on another machine it is not there
    found = subprocess.run([sys.executable, "-c", COMPUTE], input=content, capture_output=True, check=True)
    here = kind(least=2)
    assert found.stdout.decode().strip() == str([here.update(bar) and here.value.streak for bar in walk(40)])


@pytest.mark.spark
def test_a_job_computes_an_indicator_of_a_file(folder: Path, site: Site) -> None:
    bars = walk(60)
    site.send(STOCKS, bars)
    command = [
        sys.executable, "-m", "stockstream", "--config", str(folder / "settings.yaml"), "spark", "indicator", "--with",
        "streak", "--to", str(folder / "tables"), "--master", "local[2]", "--partitions", "1", "--memory", "600m",
        "--trigger", "available-now",
    ]  # fmt: skip
    env = {**os.environ, **site.env}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    indicator = streak(folder)()
    points = [indicator.update(bar) for bar in bars]
    rows = written(folder / "tables", "indicators").sort_values("time")
    assert rows["streak"].fillna(0.0).tolist() == [0.0 if point is None else point.streak for point in points]
