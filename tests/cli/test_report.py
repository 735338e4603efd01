"""``stockstream report``: one page of all bars in the topic."""

from __future__ import annotations

import subprocess
import sys

import msgspec
import pytest

from stockstream.records import SIMULATED, Bar
from stockstream.topics import STOCKS
from tests.site import Site
from tests.views.bars import walk


def written(site: Site, said: str, *arguments: str) -> str:
    """The page that is written, as the command says."""
    result = site.run("report", *arguments)
    assert result.returncode == 0, result.stderr
    page = (site.folder / "report.html").read_text(encoding="utf-8")
    assert f"report.html: {said} (" in result.stderr
    return page


def made_up(bars: list[Bar]) -> list[Bar]:
    return [msgspec.structs.replace(each, feed=SIMULATED) for each in bars]


@pytest.mark.parametrize("simulated", [pytest.param(False, marks=pytest.mark.thorough), True])
def test_it_writes_how_returns_are_spread_and_go_together(site: Site, *, simulated: bool) -> None:
    bars = [*walk(120, 1, "AAPL"), *walk(120, 2, "MSFT"), *walk(120, 3, "NVDA")]
    site.send(STOCKS, made_up(bars) if simulated else bars)
    page = written(site, "360 bars of 3 symbols")
    assert page.count("<img ") == 6
    assert " of 357 returns lie beyond " in page
    assert "119 a pair." in page
    assert "averages of 3 bars" in page
    assert ("SIMULATED" in page) == ("Simulated bars of 1m" in page) == simulated
    alone = written(site, "120 bars of 1 symbol", "MSFT")
    assert alone.count("<img ") == 5
    assert "it takes two symbols" in alone


def test_without_bars_there_is_nothing_to_write(site: Site) -> None:
    site.send(STOCKS, [])
    result = site.run("report", "AAPL", "--out", "none.html")
    assert result.returncode == 1
    assert not (site.folder / "none.html").exists()


def test_reading_that_takes_longer_than_a_second_is_reported(site: Site) -> None:
    """The bars come when the report has already waited for them for a while."""
    command = [sys.executable, "-m", "stockstream", "report"]
    with subprocess.Popen(command, cwd=site.folder, env=site.env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()  # is written after a second
        site.send(STOCKS, walk(30, 1, "AAPL"))
        rest = process.stderr.read()
    assert "waiting for topic stocks" in first
    assert process.returncode == 0, rest
    assert "report.html: 30 bars of 1 symbol" in rest
