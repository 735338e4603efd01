"""Settings that were found right are remembered, so that a command which draws nothing starts without the windows."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stockstream.cli.setting_checks import FILE, check
from stockstream.config import load
from stockstream.errors import ConfigError
from tests.cli.helpers import clean

RIGHT = "views: {rsi: {period: 9}}\nalerts: {rules: [{name: high, when: rsi > 70}]}\n"

WINDOWS = ("stockstream.consumers.registry", "stockstream.indicators", "numpy", "matplotlib", "pandas", "rich")
"""What a command that lists or prints need not import."""


LIGHT = ("broker", "control", "topics", "tail", "dlq", "schema", "store", "service", "reset", "sample", "cloud")


def settings(folder: Path, text: str, **changes: object) -> None:
    """Check settings whose states are in the folder."""
    file = folder / "config.yaml"
    file.write_text(text)
    check(load(file, {"state_dir": folder / "state", **changes}, environ={}), lambda _: None)


def remembered(folder: Path) -> list[str]:
    return (folder / "state" / FILE).read_text().split()


def imported(folder: Path, *names: str) -> set[str]:
    """The modules, of those that take long, that are imported to start these commands."""
    program = f"""
import sys
from stockstream.cli.commands import target
from stockstream.cli.context import Invocation
from stockstream.cli.entries import COMMANDS
from stockstream.kafka.admin import Admin
for name in {names}:
    target(COMMANDS[name].target)
Admin(Invocation().context("stockstream " + name).settings.connection("consumer"))
print([name for name in {WINDOWS} if name in sys.modules])
"""
    command = [sys.executable, "-c", program]
    env = clean(folder / "state")
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env=env).stdout
    return set(ast.literal_eval(shown))


def test_right_settings_are_remembered_and_wrong_ones_are_not(tmp_path: Path) -> None:
    settings(tmp_path, RIGHT)
    assert len(remembered(tmp_path)) == 1
    for wrong in (RIGHT.replace("9", "0"), RIGHT.replace("rsi:", "rzi:"), RIGHT.replace("rsi >", "rzi >")):
        for _ in range(2):
            with pytest.raises(ConfigError):
                settings(tmp_path, wrong)
    settings(tmp_path, RIGHT.replace("9", "10"))
    settings(tmp_path, RIGHT)
    assert len(remembered(tmp_path)) == 2


def test_what_was_checked_is_not_checked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(tmp_path, RIGHT)
    monkeypatch.setitem(sys.modules, "stockstream.consumers.view_settings", None)
    settings(tmp_path, RIGHT)
    with pytest.raises(ImportError):
        settings(tmp_path, RIGHT.replace("9", "10"))


def test_another_version_or_another_plug_in_is_checked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = tmp_path / "own.py"
    plugin.write_text("")
    settings(tmp_path, RIGHT, plugins=[plugin])
    os.utime(plugin, ns=(1, 1))
    settings(tmp_path, RIGHT, plugins=[plugin])
    assert len(remembered(tmp_path)) == 2
    monkeypatch.setattr("stockstream.cli.setting_checks.VERSION", "9.9")
    settings(tmp_path, RIGHT, plugins=[plugin])
    assert len(remembered(tmp_path)) == 3


def test_a_package_that_comes_or_goes_and_changed_code_are_checked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed, code = tmp_path / "site-packages", tmp_path / "code"
    installed.mkdir()
    code.mkdir()
    (code / "own.py").write_text("")
    monkeypatch.syspath_prepend(installed)
    monkeypatch.setattr("stockstream.cli.setting_checks._PACKAGE", code)
    for number, changed in enumerate((installed, code / "own.py"), start=2):
        settings(tmp_path, RIGHT)
        os.utime(changed, ns=(1, 2**62 + number))
        settings(tmp_path, RIGHT)
        assert len(remembered(tmp_path)) == number


def test_a_folder_or_a_file_that_cannot_be_used_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    settings(tmp_path, RIGHT)
    (tmp_path / "state").unlink()
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / FILE).write_bytes(b"\xff\x00")
    settings(tmp_path, RIGHT)
    assert len(remembered(tmp_path)) == 1


def test_twenty_settings_are_remembered(tmp_path: Path) -> None:
    for period in range(2, 24):
        settings(tmp_path, f"views: {{rsi: {{period: {period}}}}}")
    assert len(remembered(tmp_path)) == 20


def test_a_command_imports_no_window_that_it_does_not_show(tmp_path: Path) -> None:
    settings(tmp_path, RIGHT)
    assert imported(tmp_path, *LIGHT) == set()
    assert imported(tmp_path, "config") == {"stockstream.consumers.registry", "stockstream.indicators"}


def test_the_first_command_checks_them(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(RIGHT)
    assert "stockstream.consumers.registry" in imported(tmp_path, "topics")
    assert imported(tmp_path, "topics") == set()
