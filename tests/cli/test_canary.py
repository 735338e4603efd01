"""No output contains a secret or a terminal command: hostile input goes in, and all output is searched."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from stockstream.credentials import ROLES
from stockstream.kafka.broker import Broker
from stockstream.kafka.publisher import Publisher
from stockstream.records import Bar
from stockstream.topics import STOCKS
from tests.cli.helpers import clean, stockstream, until
from tests.kafka.secured import secure_broker, who

CANARY = "canary'7\"\\ 31\x2f4"
EVIL = "=EV\x1b]0;owned\x07\x9b2J\u202eIL"
COMMANDS = "\x1b\x07\x9b\u202e"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, kafka_jars: list[Path]) -> Iterator[tuple[Path, Broker]]:
    """A machine with a secure broker, whose topic a hostile producer has written to."""
    folder = tmp_path_factory.mktemp("home")
    with secure_broker(folder / "data" / "kafka", kafka_jars) as running:
        with Publisher(STOCKS, who(running, "producer")) as publisher:
            for minute in range(40):
                publisher.send(
                    Bar(
                        symbol=EVIL,
                        interval="1m",
                        time=datetime(2026, 3, 2, 15, minute, tzinfo=UTC),
                        open=1.0,
                        high=2.0,
                        low=1.0,
                        close=1.5,
                        volume=10,
                        source="csv",
                        currency=f"U{EVIL}",
                    )
                )
            publisher.refuse(EVIL, f"no bar {EVIL}".encode(), f"a reason {EVIL}")
        yield folder, running


def environment(folder: Path, running: Broker, **more: str) -> dict[str, str]:
    return clean(
        folder / "state",
        STOCKSTREAM_DATA_DIR=str(folder / "data"),
        STOCKSTREAM_BOOTSTRAP_SERVERS=running.bootstrap_servers,
        **more,
    )


def run(home: tuple[Path, Broker], *arguments: str, **more: str) -> Any:
    folder, running = home
    return stockstream(*arguments, cwd=folder, env=environment(folder, running, **more))


LOOKS = [
    ("series",),
    ("series", "--json"),
    ("topics",),
    ("tail", "stocks", "--no-follow"),
    ("tail", "stocks", "--no-follow", "--json"),
    ("tail", "stocks.dlq", "--no-follow"),
    ("monitor", "--once"),
    ("monitor", "--once", "--json"),
    ("dlq", "list"),
    ("watch", "sma", EVIL, "--headless", "sma.svg", "--values", "sma.csv", "--once"),
    ("watch", "sma", f"no {EVIL}", "--headless", "none.png", "--once"),
    ("--log-json", "watch", "sma", EVIL, "--headless", "sma.png", "--once"),
    ("report", "--out", "report.html"),
    ("produce", "csv", f"no\x1b\x9b file {EVIL}.csv"),
    ("config", "--json"),
    ("doctor",),
]


@pytest.mark.parametrize("arguments", LOOKS, ids=lambda each: "-".join(each[:2]).encode("ascii", "ignore").decode())
def test_nothing_that_is_shown_commands_a_terminal(home: tuple[Path, Broker], arguments: tuple[str, ...]) -> None:
    ended = run(home, *arguments)
    result = ended.stdout + ended.stderr
    assert not set(COMMANDS) & set(result), ascii(result)
    assert "Traceback" not in result
    assert "Warning" not in ended.stderr
    if "--json" in arguments:
        for line in ended.stdout.splitlines() if arguments[0] == "tail" else [ended.stdout]:
            json.loads(line)


def test_logs_and_tables_are_harmless_and_private(home: tuple[Path, Broker]) -> None:
    run(home, "watch", "sma", EVIL, "--headless", "sma.png", "--values", "sma.csv", "--once", "--debug")
    folder, _ = home
    for log in (folder / "state" / "logs").iterdir():
        assert not set(COMMANDS) & set(log.read_text("utf-8")), log
    rows = (folder / "sma.csv").read_text().splitlines()
    assert len(rows) > 10
    assert all(f",'{EVIL[:3]}" in row for row in rows[1:])
    kept = [folder / "state", *(folder / "state").rglob("*")]
    assert any(each.suffix == ".sqlite" for each in kept)
    assert [each for each in kept if stat.S_IMODE(each.stat().st_mode) & 0o077] == []


def test_no_secret_is_shown_anywhere(home: tuple[Path, Broker], tmp_path: Path) -> None:
    folder, running = home
    secrets = tmp_path / "secrets.yaml"
    secrets.touch(0o600)
    secrets.write_text(f"sasl.password: {json.dumps(CANARY)}\n")
    by_environment = {"STOCKSTREAM_KAFKA__SASL_PASSWORD": CANARY, "STOCKSTREAM_KAFKA__SECURITY_PROTOCOL": "SASL_SSL"}
    by_file = {"STOCKSTREAM_SECRETS_FILE": str(secrets), "STOCKSTREAM_KAFKA__SECURITY_PROTOCOL": "SASL_SSL"}
    by_file |= {"STOCKSTREAM_KAFKA__SASL_MECHANISM": "SCRAM-SHA-512", "STOCKSTREAM_KAFKA__SASL_USERNAME": "monitor"}
    commands = (
        ("config",),
        ("config", "--json"),
        ("topics", "--debug"),
        ("tail", "nothing", "--no-follow", "--debug"),
        ("produce", "simulated", "--interval", "none", "--debug"),
        ("--log-json", "doctor", "--debug"),
    )
    with ThreadPoolExecutor(4) as pool:  # refused logins wait more than they compute
        running_ones = [
            pool.submit(run, home, *arguments, **more)
            for more in (by_environment, by_file, {})
            for arguments in commands
        ]
    result = [ended.result().stdout + ended.result().stderr for ended in running_ones]
    result += [file.read_text("utf-8", "replace") for file in (folder / "state").rglob("*.log")]
    passwords = [str(who(running, role)["sasl.password"]) for role in ROLES]
    key = (running.data / "secure" / "broker.pem").read_text().splitlines()[1]
    for secret in (CANARY, repr(CANARY)[1:-1], json.dumps(CANARY)[1:-1], key, *passwords):
        assert not [text for text in result if secret in text]


def test_a_running_command_has_no_secret_among_its_arguments(home: tuple[Path, Broker]) -> None:
    folder, running = home
    command = [sys.executable, "-m", "stockstream", "tail", "stocks"]
    passwords = [str(who(running, role)["sasl.password"]) for role in ROLES]
    with subprocess.Popen(
        command, cwd=folder, env=environment(folder, running), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as tail:
        try:
            until(lambda: bool(tail.stdout and tail.stdout.readline()))
            shown = [" ".join(each.cmdline()) for each in (psutil.Process(tail.pid), psutil.Process(running.pid))]
            assert not [password for password in passwords if any(password in each for each in shown)]
        finally:
            tail.kill()
