"""Every option and setting of ``store`` takes effect: each is set, and what the store is asked for is recorded."""

from __future__ import annotations

import inspect
import io
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from stockstream.cli.context import Invocation
from stockstream.cli.metrics import StoreMetrics
from stockstream.cli.reporter import PersonReporter
from stockstream.cli.store import _Observer, store
from stockstream.producers.produce import Stop
from stockstream.tables.location import Location
from stockstream.tables.store import Progress, StoreOptions, Summary

app = typer.Typer()
app.command()(store)


@dataclass
class Recording:
    """A store that notes what it is asked for, and stores nothing; it can be stopped by a signal."""

    signal: int | None = None
    reported: list[tuple[str, str, StoreOptions]] = field(default_factory=list)

    def __call__(self, topic: str, location: Location, options: StoreOptions, stop: Stop, /) -> Summary:
        self.reported.append((topic, location.text, options))
        stop.signal = self.signal
        return Summary(40_000, 1, 2, 0)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STOCKSTREAM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("STOCKSTREAM_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "config.yaml"


def run(*arguments: str, recording: Recording | None = None) -> tuple[Recording, Any]:
    recording = recording or Recording()
    result = CliRunner().invoke(app, list(arguments), obj=Invocation(storing=recording))
    return recording, result


USUAL = StoreOptions()
OPTIONS: dict[str, tuple[list[str], StoreOptions]] = {
    "once": (["--once"], replace(USUAL, once=True)),
    "every": (["--every", "2.5"], replace(USUAL, every=2.5)),
    "rows": (["--rows", "500"], replace(USUAL, rows=500)),
    "partitions": (["--partitions", "0,2-4"], replace(USUAL, partitions=frozenset({0, 2, 3, 4}))),
    "raw": (["--raw"], replace(USUAL, raw=True)),
    "seconds": (["--seconds", "7"], replace(USUAL, seconds=7.0)),
}
SETTINGS = {
    "every": (3.5, replace(USUAL, every=3.5)),
    "rows": (70, replace(USUAL, rows=70)),
    "compact_after": (7, replace(USUAL, compact_after=7)),
    "keep_hours": (30.0, replace(USUAL, keep_hours=30.0)),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_each_option_arrives(settings: Path, name: str) -> None:
    written, expected = OPTIONS[name]
    recording, result = run("stocks", *written)
    assert result.exit_code == 0, result.output
    assert recording.reported == [("stocks", str(settings.parent / "data" / "tables"), expected)]


@pytest.mark.parametrize("name", SETTINGS)
def test_each_setting_arrives(settings: Path, name: str) -> None:
    value, expected = SETTINGS[name]
    settings.write_text(f"tables:\n  {name}: {value}\n  dir: lake\n")
    recording, result = run("flights")
    assert result.exit_code == 0, result.output
    assert recording.reported == [("flights", str(settings.parent / "lake"), expected)]


def test_the_place_of_the_option_is_taken_before_that_of_the_settings(settings: Path) -> None:
    settings.write_text("tables:\n  dir: lake\n")
    recording, _ = run("stocks", "--to", "s3://shares/tables")
    assert [result[1] for result in recording.reported] == ["s3://shares/tables"]


def test_every_option_and_setting_has_its_case() -> None:
    from stockstream.config_sections import TablesSettings

    assert set(inspect.signature(store).parameters) == {"ctx", "topic", "to", "metrics", *OPTIONS}
    assert set(TablesSettings.model_fields) == {"dir", *SETTINGS}
    assert {each.name for each in fields(StoreOptions)} == {"patience", *OPTIONS, *SETTINGS}


def test_the_last_line_says_what_was_stored_and_a_signal_is_the_exit_code(settings: Path) -> None:
    _, result = run("stocks")
    assert "stocks: 40,000 rows stored in" in result.stdout
    assert "2 unreadable are kept on stocks.dlq" in result.stdout
    _, stopped = run("stocks", recording=Recording(signal=15))
    assert stopped.exit_code == 143
    assert "(stopped)" in stopped.stdout


def test_metrics_are_served_while_it_runs(settings: Path) -> None:
    _, result = run("stocks", "--metrics", "0")
    assert result.exit_code == 0
    assert "metrics at http://127.0.0.1:" in result.stderr


@pytest.mark.parametrize("text", ["", "x", "3-1", "1,,2", "-1"])
def test_partitions_that_are_no_numbers_are_refused(settings: Path, text: str) -> None:
    recording, result = run("stocks", "--partitions", text)
    assert result.exit_code == 2
    assert not recording.reported


def test_tables_in_the_home_of_nobody_are_refused(settings: Path) -> None:
    recording, result = run("stocks", "--to", "~nosuchuser/x")
    assert result.exit_code == 2
    assert "the home folder of nosuchuser is not known" in " ".join(result.stderr.replace("│", "").split())
    assert not recording.reported


def test_unreadable_messages_are_part_of_what_is_caught_up_with() -> None:
    told = io.StringIO()
    reporter = PersonReporter(stderr=told)
    observer = _Observer(reporter, StoreMetrics("store", "stocks"))
    observer.progress(Progress(242, 100_242, "stocks, catching up", dead=50_000))
    observer.progress(Progress(242, None, "stocks, live", dead=100_000))
    reporter.close()
    first, second = told.getvalue().splitlines()
    assert first.startswith("stocks, catching up: 50,242 of 100,242")
    assert second.startswith("stocks, live: 242")
