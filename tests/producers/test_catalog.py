"""Sources by name: the package's own, those of plug-ins, and those that cannot be used."""

from __future__ import annotations

import inspect
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from stockstream.plugins import SOURCES, Plugins
from stockstream.producers.bar_source import Setup
from stockstream.producers.sources import catalog
from stockstream.producers.sources.catalog import sources
from tests.producers import fake_source

LINES = 120
"""What a polled source may have at the most."""


def found(monkeypatch: pytest.MonkeyPatch, *values: str) -> Plugins:
    """The plug-ins of a process in which packages offer these."""
    plugged = Plugins(points=[EntryPoint(f"one{number}", value, SOURCES) for number, value in enumerate(values)])
    monkeypatch.setattr("stockstream.plugins._current", plugged)
    return plugged


def test_a_source_of_a_package_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plugged = found(monkeypatch, "tests.producers.plugged_source:Plugged")
    assert not plugged.failures
    source = sources()["plugged"]
    assert source.origin
    assert source.make(Setup(tmp_path)).about is source.about


def test_what_is_no_source_is_reported_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    plugged = found(
        monkeypatch,
        "stockstream.records:Bar",
        "tests.producers.plugged_source:Taken",
        "tests.producers.plugged_source:Lacking",
        "tests.producers.plugged_source:Strange",
        "tests.producers.plugged_source:Plugged",
    )
    assert "plugged" in sources()
    result = [failure.reason for failure in plugged.failures]
    assert result == [
        "it is not a class with an `about` (stockstream.producers.bar_source.About)",
        "there is a source yahoo already: give it another name",
        "it has no live, reach, doing: derive it from stockstream.producers.bar_source.BarSource",
        "its intervals should hold 1m, which it has unless the user says",
    ]


def test_a_polled_source_is_small() -> None:
    made = [source.make for source in sources().values()]
    polled = [kind for kind in made if inspect.isclass(kind) and "live" not in vars(kind)]
    for kind in (*polled, fake_source.FakeSource):
        assert inspect.isclass(kind)
        file = inspect.getsourcefile(kind)
        assert file is not None
        assert len(Path(file).read_text().splitlines()) < LINES, file


def test_every_source_says_what_it_is() -> None:
    for name, source in sources().items():
        about = source.about
        assert (about.name, about.interval in about.intervals) == (name, True)
        assert all((about.title, about.offers, about.needs, about.terms, about.limits, about.symbols, about.examples))
        assert all(each.startswith(f"produce {name} ") for each in about.examples)


def test_the_catalog_loads_nothing_that_takes_long() -> None:
    source = inspect.getsource(catalog)
    assert not any(heavy in source for heavy in ("yfinance", "pandas", "httpx"))
