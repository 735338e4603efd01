"""The text of units: what systemd starts is what the user typed, and nothing secret is in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stockstream.errors import StockstreamError
from stockstream.services.manager import Manager
from stockstream.services.unit import Unit, command_in, default_name, named

COMMANDS = (
    ("broker", "--port", "19092"),
    ("--config", "/etc/my config.yaml", "produce", "yahoo", "AAPL", "BRK-B"),
    ("produce", "http", "https://plant.example/now?unit=%C&key=${PLANT_KEY}", "--value", 'a b"c\\d'),
    ("produce", "csv", "prices $HOME/é;.csv", ";", "--columns", "close=Price\tUSD"),
    ("store", "stocks", "--to", "s3://shares/tables"),
    ("alerts", "--rule", "close crosses above bollinger.upper", "--symbol", "AAPL"),
    ("web", "--port", "8800"),
    ("spark", "indicator", "--with", "bollinger,rsi"),
)

verified = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def unit(command: tuple[str, ...], folder: Path) -> Unit:
    variables = folder / "service.env"
    return Unit(default_name(command), command, (sys.executable, "-P", "-m", "stockstream"), folder, variables)


@verified
@pytest.mark.parametrize("folder", ["plain", "of Ann, 100%"])
def test_systemd_takes_every_unit(tmp_path: Path, folder: str) -> None:
    home = tmp_path / folder
    home.mkdir()
    files = []
    for number, command in enumerate(COMMANDS):
        file = tmp_path / f"stockstream-{number}.service"
        file.write_text(unit(command, home).text)
        files.append(str(file))
    verified_by = verify(files, tmp_path)
    assert (verified_by.returncode, verified_by.stdout, verified_by.stderr) == (0, "", "")


@verified
def test_a_unit_that_systemd_would_not_take_is_found(tmp_path: Path) -> None:
    file = tmp_path / "stockstream-broken.service"
    text = unit(COMMANDS[0], tmp_path).text
    file.write_text(text.replace("Restart=on-failure", "Restart=perhaps"))
    assert "restart specifier" in verify([str(file)], tmp_path).stderr


def verify(files: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """What `systemd-analyze verify` says; it needs no systemd that runs."""
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    command = ["systemd-analyze", "--user", "--man=no", "verify", *files]
    env = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)


def test_a_unit_restarts_on_failure_and_ends_in_order(tmp_path: Path) -> None:
    lines = unit(("store", "stocks"), tmp_path).text.splitlines()
    for line in (
        "Restart=on-failure",
        "RestartPreventExitStatus=2",
        "SuccessExitStatus=130 143",
        "StartLimitIntervalSec=0",
        "KillMode=mixed",
        "After=stockstream-broker.service",
        f"WorkingDirectory={tmp_path}",
        f"EnvironmentFile=-{tmp_path / 'service.env'}",
        f"ExecStart={sys.executable} -P -m stockstream store stocks",
        "WantedBy=default.target",
    ):
        assert line in lines
    assert not any(line.startswith("WatchdogSec=") for line in lines)
    assert "WatchdogSec=600" in unit(("alerts", "--metrics", "9107"), tmp_path).text.splitlines()
    assert not any(line.startswith("After=") for line in unit(("broker",), tmp_path).text.splitlines())


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_is_read_back(tmp_path: Path, command: tuple[str, ...]) -> None:
    assert command_in(unit(command, tmp_path).text) == command


def test_signs_of_systemd_are_escaped_and_variables_are_not(tmp_path: Path) -> None:
    text = unit(("produce", "csv", "100%", "$HOME", "${KEY}", 'say "a\\b"', "two\nlines", ";"), tmp_path).text
    start = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    assert start.endswith(r'produce csv 100%% $$HOME "${KEY}" "say \"a\\b\"" "two\nlines" ";"')


@pytest.mark.parametrize(
    "word",
    [
        "https://plant.example/now?apikey=c0ffee",
        "https://ann:rose@plant.example/now",
        "https://plant.example/now?a=1&access_token=c0ffee",
        "https://plant.example/now?appid=c0ffee",
        "https://plant.example/now?api_token=c0ffee",
        "https://plant.example/now?auth_token=c0ffee",
        "https://plant.example/now?accessToken=c0ffee",
        "https://plant.example/now?client_secret=c0ffee",
        "https://plant.example/now?x_api_key=c0ffee",
        "https://plant.example/now?subscription-key=c0ffee",
        "https://plant.example/now?X-Amz-Signature=c0ffee",
        "https://plant.example/now?a=1&sig=c0ffee",
        "https://c0ffee@plant.example/now",
    ],
)
def test_a_secret_in_an_address_is_refused_without_being_shown(tmp_path: Path, word: str) -> None:
    with pytest.raises(StockstreamError, match="no secret") as caught:
        _ = unit(("produce", "http", word), tmp_path).text
    assert "c0ffee" not in f"{caught.value}{caught.value.hint}"
    assert "rose" not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize(
    "word",
    [
        "https://plant.example/now?keys=3&design=a&monkey=b&tokens=5",
        "https://${PLANT_TOKEN}@plant.example/now?api_token=${PLANT_KEY}",
        "mqtts://ann@plant.example/rooms",
    ],
)
def test_what_is_no_secret_is_taken(tmp_path: Path, word: str) -> None:
    assert word in command_in(unit(("produce", "http", word), tmp_path).text)  # type: ignore[operator]


def test_units_of_others_are_left_alone(tmp_path: Path) -> None:
    manager = Manager(tmp_path)
    manager.path("stockstream-broker").write_text(unit(("broker",), tmp_path).text)
    manager.path("stockstream-mine").write_text("[Service]\nExecStart=/usr/bin/true\n")
    manager.path("stockstream-latin").write_bytes("[Service]\n# für mich\n".encode("latin-1"))
    for number, words in enumerate(('["broker', '"broker"', "[1]")):
        manager.path(f"stockstream-edited{number}").write_text(f"[X-Stockstream]\nCommand={words}\n")
    manager.path("stockstream-masked").symlink_to(os.devnull)
    assert manager.installed() == {"stockstream-broker": ("broker",)}
    with pytest.raises(StockstreamError, match=r"stockstream-mine\.service was not written by stockstream"):
        manager.command("stockstream-mine")


@pytest.mark.parametrize("folder", ["/home/ann\n", "/home/a\nb", "/home/ann\\"])
def test_a_folder_that_no_unit_can_name_is_refused(folder: str) -> None:
    with pytest.raises(StockstreamError, match="systemd takes no path"):
        _ = Unit("stockstream-broker", ("broker",), ("/usr/bin/python3",), Path(folder), Path("/home/env")).text


@pytest.mark.parametrize("name", ["", "stockstream-", "a b", "../x", "-x", "ü", "a" * 100, "x/y"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        named(name)
