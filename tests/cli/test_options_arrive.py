"""Every option and every setting takes effect: each is set, and the arguments of a window are recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import numpy as np
import pytest
from typer.testing import CliRunner

from stockstream.cli.context import Invocation
from stockstream.cli.watch.options import WatchOptions
from stockstream.cli.watch.watch import app
from stockstream.config_sections import WindowSettings
from stockstream.consumers.driver import Ending
from stockstream.consumers.live import Live
from stockstream.consumers.values import Values
from stockstream.kafka.broker import free_port
from stockstream.present.frame_times import FrameTimes
from stockstream.present.geometry import Geometry
from stockstream.present.model import Model
from stockstream.present.options import PictureOptions, WindowOptions
from stockstream.present.preferences import Preferences
from stockstream.tables.beginning import StoredBeginning
from stockstream.views.fold import Selection


@dataclass
class Received:
    """What a window or a picture was run."""

    watched: Live[Any]
    options: PictureOptions
    memory: Path | None = None
    frame_times: FrameTimes | None = None
    file: Path | None = None

    @property
    def window(self) -> WindowOptions:
        """The options of what must be a window."""
        assert isinstance(self.options, WindowOptions)
        return self.options

    @property
    def tables(self) -> list[Path]:
        """The files of the tables that go along."""
        return [each.path for each in self.watched.observers if isinstance(each, Values)]

    @property
    def ends(self) -> tuple[bool, float | None]:
        """Whether it ends once all is read, and after how many seconds."""
        assert isinstance(self.watched.ending, Ending)
        return self.watched.ending.once, self.watched.ending.seconds


@dataclass
class Recording:
    """Displays that record their arguments, and show nothing; ``look`` is called while a window would be open."""

    reported: list[Received] = field(default_factory=list)
    look: Callable[[], None] = lambda: None

    def window(self, model: Model, options: WindowOptions, memory: Path | None, frame_times: FrameTimes) -> Recording:
        assert isinstance(model, Live)
        self.reported.append(Received(model, options, memory, frame_times))
        return self

    def picture(self, model: Model, file: Path, options: PictureOptions) -> Recording:
        assert isinstance(model, Live)
        self.reported.append(Received(model, options, file=file))
        return self

    def show(self) -> None:
        self.look()

    def refresh(self) -> None:
        pass

    def finish(self) -> None:
        pass


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder; nothing listens where the broker should be."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.csv").write_text("mine")
    monkeypatch.setenv("STOCKSTREAM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("STOCKSTREAM_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_port()}")
    return tmp_path


def watch(*arguments: str, settings: str = "", displays: Recording | None = None) -> Received:
    """What the one window receives from ``stockstream watch``."""
    displays = displays or Recording()
    config = Path("config.yaml")
    config.write_text(settings)
    # No time limit is given to a window; a picture is drawn until one is over.
    result = CliRunner().invoke(app, list(arguments), obj=Invocation(config, displays=displays))
    assert result.exit_code == 0, result.output or result.exception
    [found] = displays.reported
    return found


USUAL = WindowOptions()


OPTIONS: dict[str, tuple[list[str], Callable[[Received], object], object]] = {
    "interval": (["--interval", "5m"], lambda run: run.watched.selection.interval, "5m"),
    "feed": (["--feed", "market"], lambda run: run.watched.selection.feed, "market"),
    "resample": (["--resample", "15m"], lambda run: run.watched.selection.resample, "15m"),
    "opens": (["--resample", "1h", "--opens", "09:30"], lambda run: run.watched.selection.opens, "09:30"),
    "calendar": (["--resample", "1h", "--calendar", "XNYS"], lambda run: run.watched.selection.calendar, "XNYS"),
    "from_table": (["--from-table"], lambda run: type(run.watched._begin), StoredBeginning),
    "tz": (["--tz", "Asia/Tokyo"], lambda run: run.watched.selection.tz, "Asia/Tokyo"),
    "start": (["--start", "2026-03-02T14:30"], lambda run: run.window.start, np.datetime64("2026-03-02T14:30")),
    "end": (["--end", "2026-03-02"], lambda run: run.window.end, np.datetime64("2026-03-03T00:00")),
    "rows": (["--rows", "90"], lambda run: run.window.asked, Preferences(rows=90)),
    "refresh": (["--refresh", "0.75"], lambda run: run.window.refresh, 0.75),
    "backend": (["--backend", "qt"], lambda run: run.window.backend, "qt"),
    "headless": (["--headless", "a.png", "--seconds", "0"], lambda run: run.file, Path("a.png")),
    "values": (["--values", "a.csv"], lambda run: run.tables, [Path("a.csv")]),
    # That a file which is there is taken at all; tests/cli/test_outputs.py has what is refused without it.
    "force": (["--values", "config.csv", "--force"], lambda run: run.tables, [Path("config.csv")]),
    "metrics": (["--metrics", "0"], lambda run: run.frame_times is not None, True),
    "once": (
        ["--once", "--headless", "a.png", "--seconds", "0"],
        lambda run: run.ends,
        (True, 0.0),
    ),
    "seconds": (["--seconds", "7"], lambda run: run.ends, (False, 7.0)),
    "theme": (["--theme", "dark"], lambda run: run.window.asked, Preferences(theme="dark")),
    "geometry": (
        ["--geometry", "800x500+1+2"],
        lambda run: run.window.asked,
        Preferences(geometry=Geometry(800, 500, 1, 2)),
    ),
    "keep": (["--keep", "500"], lambda run: run.watched.selection.keep, 500),
    "no_memory": (["--no-memory"], lambda run: run.memory, None),
    "each": (
        [],
        lambda run: run.watched.selection,
        Selection(("AAPL",), keep=WindowSettings().keep),
    ),  # tests/cli/watch/test_windows.py opens several
}


def test_every_option_has_a_case() -> None:
    assert OPTIONS.keys() == {each.name for each in fields(WatchOptions)}
    assert SETTINGS.keys() == WindowSettings.model_fields.keys()


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_arrives(home: Path, name: str) -> None:
    arguments, result, expected = OPTIONS[name]
    assert result(watch("bollinger", "AAPL", *arguments)) == expected


SETTINGS: dict[str, tuple[str, Callable[[Received], object], object]] = {
    "refresh": ("refresh: 0.5", lambda run: run.window.refresh, 0.5),
    "backend": ("backend: tk", lambda run: run.window.backend, "tk"),
    "rows": ("rows: 77", lambda run: run.options.rows, 77),
    "theme": ("theme: contrast", lambda run: run.options.theme, "contrast"),
    "save_as": ("save_as: pdf", lambda run: run.window.picture, "pdf"),
    "memory": ("memory: false", lambda run: run.memory, None),
    "keep": ("keep: 700", lambda run: run.watched.selection.keep, 700),
    # Of dashboards alone: test_a_dashboard_is_told_the_same
    "dashboard_keep": ("dashboard_keep: 70", lambda run: run.watched.selection.keep, WindowSettings().keep),
    "alert_band": ("alert_band: 1.5", lambda run: run.options.alert_band, 1.5),
    "alerts": ("alerts: {AAPL: [1.5, 2]}", lambda run: run.options.alerts, {"AAPL": (1.5, 2.0)}),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_arrives(home: Path, name: str) -> None:
    text, result, expected = SETTINGS[name]
    assert result(watch("bollinger", "AAPL", settings=f"window: {{{text}}}")) == expected


@pytest.mark.parametrize("name", ["rows", "theme", "alerts", "alert_band"])
def test_a_setting_of_pictures_arrives_there(home: Path, name: str) -> None:
    text, result, expected = SETTINGS[name]
    headless = ("--headless", "a.png", "--seconds", "0")
    assert result(watch("bollinger", "AAPL", *headless, settings=f"window: {{{text}}}")) == expected


@pytest.mark.parametrize("name", ["rows", "theme", "start", "end"])
def test_an_option_of_pictures_arrives_there(home: Path, name: str) -> None:
    arguments, _, _ = OPTIONS[name]
    options = watch("bollinger", "AAPL", *arguments, "--headless", "a.png", "--seconds", "0").options
    expected = {
        "rows": 90,
        "theme": "dark",
        "start": np.datetime64("2026-03-02T14:30"),
        "end": np.datetime64("2026-03-03"),
    }
    assert getattr(options, name) == expected[name]


def test_an_option_goes_before_its_setting(home: Path) -> None:
    settings = "{window: {refresh: 0.5, backend: tk}, views: {bollinger: {period: 30, width: 3, symbols: [MSFT]}}}"
    arguments = ("--refresh", "0.25", "--backend", "qt", "--period", "9")
    result = watch("bollinger", "AAPL", *arguments, settings=settings)
    assert (result.window.refresh, result.window.backend) == (0.25, "qt")
    assert result.watched.parameters == {"period": 9, "width": 3.0}
    assert result.watched.selection.keys == ("AAPL",)
    assert watch("bollinger", settings=settings).watched.selection.keys == ("MSFT",)


def test_without_options_and_settings_all_is_usual(home: Path) -> None:
    result = watch("bollinger", "AAPL")
    assert result.window == USUAL
    assert (result.tables, result.ends) == ([], (False, None))
    assert result.watched.selection == Selection(("AAPL",), keep=WindowSettings().keep)
    assert result.watched.parameters == {"period": 20, "width": 2.0}
    assert result.memory == home / "state" / "windows" / "bollinger-AAPL.json"


def test_a_dashboard_is_reported_the_same(home: Path) -> None:
    settings = (
        "{window: {theme: dark, refresh: 2, dashboard_keep: 70}, views: {dashboard: {average: 5, symbols: [A, B]}}}"
    )
    result = watch("dashboard", "--volatility", "9", "--geometry", "800x500", settings=settings)
    assert result.watched.parameters == {"average": 5, "volatility": 9}
    assert result.watched.selection == Selection(("A", "B"), keep=70)
    assert (result.window.theme, result.window.refresh) == ("dark", 2.0)
    assert result.window.asked == Preferences(geometry=Geometry.parse("800x500"))


def test_figures_are_served_while_a_window_is_open(home: Path) -> None:
    port = free_port()
    served: list[bytes] = []

    def look() -> None:
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
            served.append(answer.read())

    watch("bollinger", "AAPL", "--metrics", str(port), displays=Recording(look=look))
    assert b"process_cpu_seconds_total" in served[0]
