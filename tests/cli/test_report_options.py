"""Every option and setting of ``report`` takes effect: each is set, and the arguments of the page are recorded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from stockstream.cli.context import Invocation
from stockstream.cli.report import report
from stockstream.consumers.dashboard import VIEW
from stockstream.records import SIMULATED, Bar
from stockstream.topics import STOCKS
from stockstream.views.dashboard import Section
from stockstream.views.tiles import Tile
from tests.site import Site
from tests.views.bars import walk

app = typer.Typer()
app.command()(report)


@dataclass
class Recording:
    """A page that notes what it is made of, and draws nothing."""

    about: str = ""
    sections: Sequence[Section] = ()
    tiles: Sequence[Tile] = ()
    files: list[Path] = field(default_factory=list)

    def __call__(self, title: str, about: str, sections: Sequence[Section], tiles: Sequence[Tile]) -> str:
        self.about, self.sections, self.tiles = about, sections, tiles
        return "a page"

    @property
    def groups(self) -> dict[str, list[str]]:
        """By group its symbols."""
        return {str(each.group): sorted(each.tables.symbols["symbol"].tolist()) for each in self.sections}


@pytest.fixture(scope="module")
def stocked(running_site: Site) -> Site:
    """A topic with bars of two symbols, two lengths and two feeds."""
    running_site.clear()
    minutes = [*walk(40, 1, "AAPL"), *walk(40, 2, "MSFT")]
    days = [msgspec.structs.replace(each, interval="1d") for each in walk(3, 3, "AAPL")]
    made_up = [msgspec.structs.replace(each, feed=SIMULATED) for each in walk(40, 4, "AAPL")]
    bars: list[Bar] = [*minutes, *days, *made_up]
    running_site.send(STOCKS, bars)
    return running_site


@pytest.fixture
def home(stocked: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STOCKSTREAM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("STOCKSTREAM_BOOTSTRAP_SERVERS", stocked.bootstrap_servers)
    (tmp_path / "mine.html").write_text("mine")
    return tmp_path


def reported(*arguments: str, settings: str = "", servers: str | None = None) -> Recording:
    recording = Recording()
    config = Path("config.yaml")
    config.write_text(settings)
    invocation = Invocation(config, servers, page=recording)
    result = CliRunner().invoke(app, list(arguments), obj=invocation)
    assert result.exit_code == 0, result.output or result.exception
    recording.files = [file for file in Path().glob("*.html") if file.read_text() == "a page"]
    return recording


ALL = {"1m": ["AAPL", "MSFT"], "1d": ["AAPL"], f"1m {SIMULATED}": ["AAPL"]}

OPTIONS: dict[str, tuple[list[str], Callable[[Recording], object], object]] = {
    "symbols": (["MSFT"], lambda run: run.groups, {"1m": ["MSFT"]}),
    "out": (["--out", "other.html"], lambda run: run.files, [Path("other.html")]),
    "interval": (["--interval", "1d"], lambda run: run.groups, {"1d": ["AAPL"]}),
    "feed": (["--feed", SIMULATED], lambda run: run.groups, {f"1m {SIMULATED}": ["AAPL"]}),
    "force": (["--out", "mine.html", "--force"], lambda run: run.files, [Path("mine.html")]),
}

SETTINGS: dict[str, tuple[str, Callable[[Recording], object], object]] = {
    "average": ("average: 9", lambda run: "averages of 9 bars" in run.about, True),
    "volatility": ("volatility: 7", lambda run: "volatility over 7 returns" in run.about, True),
    "symbols": ("symbols: [MSFT]", lambda run: run.groups, {"1m": ["MSFT"]}),
}


def test_every_option_has_a_case() -> None:
    assert OPTIONS.keys() == inspect.signature(report).parameters.keys() - {"ctx"}
    assert SETTINGS.keys() == {each.name for each in VIEW.parameters} | {"symbols"}


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_arrives(home: Path, name: str) -> None:
    arguments, result, expected = OPTIONS[name]
    assert result(reported(*arguments)) == expected


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_arrives(home: Path, name: str) -> None:
    text, result, expected = SETTINGS[name]
    assert result(reported(settings=f"views: {{dashboard: {{{text}}}}}")) == expected


def test_what_is_computed_heeds_the_settings(home: Path) -> None:
    """Not only the line that names them."""
    usual = reported("--out", "usual.html").sections[0].tables.symbols
    for name, columns in (("average", {"moving_average", "moving_average_max"}), ("volatility", {"volatility_max"})):
        result = reported("--out", f"{name}.html", settings=f"views: {{dashboard: {{{name}: 9}}}}")
        other = result.sections[0].tables.symbols
        differ = {column for column in usual if usual[column].tolist() != other[column].tolist()}
        assert columns <= differ <= {each for each in usual if each.startswith(name) or each in columns} | {"share"}


def test_without_options_and_settings_all_is_usual(home: Path) -> None:
    result = reported()
    assert result.groups == ALL
    assert result.files == [Path("report.html")]
    assert result.tiles == VIEW.tiles
    assert result.about.startswith("averages of 3 bars, volatility over 20 returns; made ")


def test_the_broker_is_the_one_that_was_named(home: Path, stocked: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOCKSTREAM_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    assert reported(servers=stocked.bootstrap_servers).groups == ALL
