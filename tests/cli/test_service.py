"""``stockstream service`` against a systemctl of the tests, which keeps the calls and answers as systemd does."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.helpers import clean, stockstream

_SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$CALLS"
[ -z "$FAILS" ] || { echo "$FAILS" >&2; exit 1; }
case "$*" in
*"--property=Version") echo Version=252 ;;
*" show "*)
    shift 3
    for unit; do
        printf 'Id=%s\\nActiveState=%s\\nSubState=%s\\nStateChangeTimestampMonotonic=1\\nMainPID=41\\n' \\
            "$unit" "${STATE:-active}" "${DETAIL:-running}"
        printf 'NRestarts=2\\nMemoryCurrent=1234567\\nExecMainStatus=0\\nUnitFileState=enabled\\n\\n'
    done ;;
esac
"""


@dataclass(frozen=True)
class Machine:
    """A user's home, and the programs of systemd that stand in."""

    home: Path

    @property
    def units(self) -> Path:
        return self.home / ".config" / "systemd" / "user"

    @property
    def variables(self) -> Path:
        return self.home / ".config" / "stockstream" / "service.env"

    def program(self, name: str, text: str) -> None:
        file = self.home / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)

    def run(self, *arguments: str, **env: str) -> Any:
        own = {
            name: value for name, value in clean(self.home / "state").items() if not name.startswith(("AWS_", "XDG_"))
        }
        here = {"HOME": str(self.home), "PATH": f"{self.home / 'bin'}:/nothing", "CALLS": str(self.home / "calls")}
        return stockstream("service", *arguments, cwd=self.home, env={**own, **here, **env})

    def asked(self) -> list[str]:
        """The calls of systemctl so far, which are then forgotten."""
        file = self.home / "calls"
        calls = file.read_text().splitlines() if file.exists() else []
        file.write_text("")
        return [call.removeprefix("--user ") for call in calls]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    if sys.platform == "win32":
        pytest.skip("systemd is Linux's")
    found = Machine(tmp_path)
    found.program("systemctl", _SYSTEMCTL)
    found.program("journalctl", '#!/bin/sh\necho "$@"\n')
    found.program("loginctl", "#!/bin/sh\necho no\n")
    return found


def test_install_status_logs_uninstall(machine: Machine) -> None:
    result = machine.run("install", "broker", "--port", "19092")
    assert result.returncode == 0, result.stderr
    unit = machine.units / "stockstream-broker.service"
    assert result.stdout == f"stockstream-broker is installed and started: {unit}\n"
    assert "loginctl enable-linger" in result.stderr
    name = "stockstream-broker.service"
    assert machine.asked() == [
        "show --property=Version",
        "daemon-reload",
        f"enable --quiet {name}",
        f"restart {name}",
    ]
    assert f"ExecStart={sys.executable} -P -m stockstream broker --port 19092\n" in unit.read_text()
    assert f"WorkingDirectory={machine.home}\n" in unit.read_text()
    machine.run("install", "--no-start", "--name", "tech", "produce", "yahoo", "AAPL", "--interval", "1m")
    assert machine.asked()[-1] == "enable --quiet stockstream-tech.service"

    shown = machine.run("status")
    assert shown.returncode == 0
    header, first, second = shown.stdout.splitlines()
    assert header.split() == ["SERVICE", "STATE", "SINCE", "PROCESS", "RESTARTS", "MEMORY", "EXIT", "COMMAND"]
    assert first.startswith("stockstream-broker  running")
    assert first.endswith("41         2  1.2 MB     -  broker --port 19092")
    assert second.endswith("produce yahoo AAPL --interval 1m")
    (broker, _) = json.loads(machine.run("status", "--json").stdout)
    assert (broker["name"], broker["state"], broker["detail"]) == ("stockstream-broker", "active", "running")
    assert (broker["process"], broker["restarts"], broker["memory"], broker["enabled"]) == (41, 2, 1_234_567, True)
    assert machine.run("status", STATE="activating", DETAIL="auto-restart").returncode == 1
    assert machine.run("status", STATE="failed").returncode == 1

    assert machine.run("logs", "broker", "-n", "7", "--follow").stdout.split() == [
        "--user-unit=stockstream-broker.service", "--lines=7", "--output=short-iso", "--no-pager", "--follow",
    ]  # fmt: skip
    assert machine.run("logs").stdout.count("--user-unit=") == 2

    machine.asked()
    removed = machine.run("uninstall", "--all")
    assert removed.stdout == "stockstream-tech is stopped and removed\nstockstream-broker is stopped and removed\n"
    assert machine.asked()[1] == "disable --now --quiet stockstream-tech.service"
    assert list(machine.units.iterdir()) == []
    assert "no service is installed" in machine.run("status").stderr


def test_a_service_of_the_same_name_is_replaced_only_where_that_is_asked_for(machine: Machine) -> None:
    assert machine.run("install", "produce", "yahoo", "AAPL").returncode == 0
    assert machine.run("install", "produce", "yahoo", "AAPL").returncode == 0
    other = machine.run("install", "produce", "yahoo", "MSFT")
    assert other.returncode == 1
    assert other.stderr == (
        "stockstream: stockstream-produce-yahoo exists with another command: produce yahoo AAPL"
        f" - name this one with --name, or give --replace{log(machine, 'service-install')}\n"
    )
    assert machine.run("install", "--replace", "produce", "yahoo", "MSFT").returncode == 0
    (unit,) = machine.units.iterdir()
    assert "produce yahoo MSFT" in unit.read_text()
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    foreign = machine.run("install", "--replace", "produce", "yahoo", "MSFT")
    assert "was not written by stockstream" in foreign.stderr
    assert machine.run("uninstall", "produce-yahoo").returncode == 1
    assert unit.read_text() == "[Service]\nExecStart=/bin/true\n"


def test_global_options_are_kept_and_a_dry_run_changes_nothing(machine: Machine) -> None:
    (machine.home / "my.yaml").write_text("broker: {port: 19092}\n")
    result = machine.run(
        "install", "--dry-run", "store", "stocks", "--config", "my.yaml", "--bootstrap-servers", "10.0.0.5:9092"
    )
    words = f"--config {machine.home / 'my.yaml'} --bootstrap-servers 10.0.0.5:9092 store stocks"
    assert f"ExecStart={sys.executable} -P -m stockstream {words}\n" in result.stdout
    assert machine.asked() == []
    assert not machine.units.exists()
    # What systemd would start does start, with what it was told.
    start = next(line for line in result.stdout.splitlines() if line.startswith("ExecStart="))
    program = shlex.split(start.removeprefix("ExecStart="))
    ran = subprocess.run([*program, "--help"], cwd=machine.home, capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("Usage: stockstream store")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("watch rsi AAPL", "watch does not run unattended: choose broker, produce, store, alerts, web or spark"),
        ("alerts list", "alerts list does not run unattended: choose broker, produce, store, alerts, web or spark"),
        ("alerts --rule 'close > 1' mute low", "alerts mute does not run unattended"),
        ("web user add ann", "web user does not run unattended"),
        ("produce stdin", "a service has no standard input"),
        ("broker --prot 9", "no such option: --prot"),
        ("produce yaho AAPL", "no such command 'yaho'"),
        ("--name a/b broker", "--name: a/b should be letters, digits, dots, dashes and underscores"),
    ],
)
def test_what_is_no_service_is_refused_in_one_line(machine: Machine, arguments: str, words: str) -> None:
    result = machine.run("install", *shlex.split(arguments))
    assert result.returncode == 2
    assert words in result.stderr.lower() if "such" in words else words in result.stderr
    assert result.stderr.count("\n") == 1
    assert not machine.units.exists()


def test_secrets_stay_out_of_units(machine: Machine) -> None:
    address = "https://plant.example/now?api_key=c0ffee"
    result = machine.run("install", "produce", "http", address, "--symbol", "P", "--value", "v")
    assert result.returncode == 1
    assert f"NAME=... to {machine.variables} (chmod 600)" in result.stderr
    assert "c0ffee" not in result.stderr
    kafka = machine.run("install", "produce", "simulated", "rosebud", STOCKSTREAM_KAFKA__SASL_PASSWORD="rosebud")
    assert "holds a password of the settings" in kafka.stderr
    assert not machine.units.exists()
    hidden = machine.run("install", "store", "flights", AWS_SECRET_ACCESS_KEY="c0ffee", STOCKSTREAM_TABLES__EVERY="5")
    assert "does not see AWS_SECRET_ACCESS_KEY, STOCKSTREAM_STATE_DIR, STOCKSTREAM_TABLES__EVERY" in hidden.stderr
    assert "c0ffee" not in hidden.stderr + "".join(unit.read_text() for unit in machine.units.iterdir())


def test_variables_that_others_can_read_are_refused(machine: Machine) -> None:
    machine.variables.parent.mkdir(parents=True)
    machine.variables.write_text("AWS_SECRET_ACCESS_KEY=c0ffee\n")
    machine.variables.chmod(0o644)
    result = machine.run("install", "store", "flights")
    assert f"chmod 600 {machine.variables}" in result.stderr
    machine.variables.chmod(0o600)
    result = machine.run("install", "store", "flights", AWS_SECRET_ACCESS_KEY="c0ffee")
    assert result.returncode == 0
    assert "AWS_SECRET" not in result.stderr


@pytest.mark.parametrize("arguments", ["install broker", "status"])
def test_without_systemd_there_is_one_line(machine: Machine, arguments: str) -> None:
    bus = machine.run(*arguments.split(), FAILS="Failed to connect to bus: No medium found")
    (machine.home / "bin" / "systemctl").unlink()
    none = machine.run(*arguments.split())
    for result, words in (
        (bus, "no systemd of this user runs here - containers have none"),
        (none, "services need systemd, which this machine does not have - run the command in a terminal"),
    ):
        assert result.returncode == 1
        assert result.stderr.startswith(f"stockstream: {words}")
        assert result.stderr.count("\n") == 1
    assert not machine.units.exists()


def test_what_systemd_refuses_is_one_line(machine: Machine) -> None:
    result = machine.run("install", "broker", FAILS="Unit is\nmasked.")
    assert result.stderr.startswith("stockstream: systemctl show --property=Version: Unit is masked.")


def test_a_service_that_is_not_there(machine: Machine) -> None:
    result = machine.run("uninstall", "broker")
    assert result.returncode == 2
    assert "there is no service stockstream-broker (none is installed)" in result.stderr
    assert machine.run("uninstall").returncode == 2


def log(machine: Machine, command: str) -> str:
    return f" (log: {machine.home / 'state' / 'logs' / f'{command}.log'})"
