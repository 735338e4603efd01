"""``stockstream report``: one page of all that the topic holds."""

from __future__ import annotations

import msgspec
import pytest

from stockstream.records import SIMULATED, Bar
from stockstream.topics import STOCKS
from tests.cli.conftest import Site
from tests.views.bars import walk


def written(site: Site, said: str, *arguments: str) -> str:
    """The page that is written, as the command says."""
    told = site.run("report", *arguments)
    assert told.returncode == 0, told.stderr
    page = (site.folder / "report.html").read_text(encoding="utf-8")
    assert f"report.html: {said}, " in told.stderr
    return page


def made_up(bars: list[Bar]) -> list[Bar]:
    return [msgspec.structs.replace(each, feed=SIMULATED) for each in bars]


@pytest.mark.parametrize("simulated", [False, True])
def test_it_writes_how_returns_are_spread_and_go_together(site: Site, *, simulated: bool) -> None:
    bars = [*walk(120, 1, "AAPL"), *walk(120, 2, "MSFT"), *walk(120, 3, "NVDA")]
    site.send(STOCKS, made_up(bars) if simulated else bars)
    page = written(site, "360 bars of 3 symbols")
    assert page.count("<img ") == 6
    assert " of 357 returns lie beyond " in page
    assert "119 a pair." in page
    assert ("SIMULATED" in page) == ("Simulated bars of 1m" in page) == simulated
    alone = written(site, "120 bars of 1 symbol", "MSFT")
    assert alone.count("<img ") == 5
    assert "it takes two symbols" in alone


def test_without_bars_there_is_nothing_to_write(site: Site) -> None:
    site.send(STOCKS, [])
    told = site.run("report", "AAPL", "--out", "none.html")
    assert told.returncode == 1
    assert not (site.folder / "none.html").exists()
