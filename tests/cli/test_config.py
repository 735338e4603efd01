"""``stockstream config``, run as a user would; and that every command checks all of the settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.helpers import clean, stockstream

SECRET = "canary-7f3a"


def test_it_shows_every_setting_with_its_origin(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("window:\n  rows: 100\nviews:\n  rsi:\n    period: 9\n")
    env = clean(tmp_path / "state", STOCKSTREAM_BROKER__PORT="9999")
    result = stockstream("--bootstrap-servers", "far:1", "config", cwd=tmp_path, env=env)
    assert (result.returncode, result.stderr) == (0, "")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0] == ["KEY", "VALUE", "FROM"]
    for line in (
        ["window.rows", "100", "config.yaml:2"],
        ["window.theme", "light", "default"],
        ["views.rsi.period", "9", "config.yaml:5"],
        ["views.aroon.period", "25", "default"],
        ["broker.port", "9999", "STOCKSTREAM_BROKER__PORT"],
        ["bootstrap_servers", "far:1", "--bootstrap-servers"],
    ):
        assert line in lines
    result = stockstream("config", "views.rsi", "window.rows", "--json", cwd=tmp_path, env=env)
    assert json.loads(result.stdout) == [
        {"key": "window.rows", "value": 100, "origin": "file", "location": "config.yaml:2"},
        {"key": "views.rsi.period", "value": 9, "origin": "file", "location": "config.yaml:5"},
        {"key": "views.rsi.symbols", "value": [], "origin": "default", "location": None},
    ]


@pytest.mark.parametrize("options", [[], ["--json"], ["kafka"]])
def test_no_secret_is_in_any_output(tmp_path: Path, options: list[str]) -> None:
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text(f"ssl.key.password: {SECRET}\nsasl.username: {SECRET}")
    secrets.chmod(0o600)
    (tmp_path / "config.yaml").write_text("secrets_file: secrets.yaml\nkafka: {sasl.mechanism: PLAIN}")
    env = clean(tmp_path / "state", STOCKSTREAM_KAFKA__SASL_PASSWORD=SECRET)
    result = stockstream("config", *options, cwd=tmp_path, env=env)
    assert result.returncode == 0
    assert "sasl.mechanism" in result.stdout
    assert "***" in result.stdout
    logs = "".join(file.read_text() for file in tmp_path.rglob("*.log"))
    assert SECRET not in result.stdout + result.stderr + logs


def test_a_misspelt_secret_is_not_shown_either(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"kafka: {{sasl.pasword: {SECRET}}}")
    result = stockstream("config", cwd=tmp_path)
    assert result.returncode == 1
    assert 'No such configuration property: "sasl.pasword"' in result.stderr
    assert SECRET not in result.stdout + result.stderr


def test_a_key_that_does_not_exist_is_wrong_usage(tmp_path: Path) -> None:
    result = stockstream("config", "windw", cwd=tmp_path)
    assert result.returncode == 2
    assert "there is no setting windw" in result.stderr


@pytest.mark.parametrize("command", [("topics",), ("produce", "simulated", "AAPL"), ("watch", "rsi"), ("config",)])
def test_whichever_command_is_called_a_misspelt_key_of_a_view_is_reported(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "config.yaml").write_text("views:\n  aroon:\n    perod: 3\n")
    result = stockstream(*command, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr == "stockstream: config.yaml, line 3: unknown key views.aroon.perod - did you mean period?\n"
