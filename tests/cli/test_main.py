"""The entry: options, exit codes, one-line errors, the log; as processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stockstream.cli.entries import COMMANDS
from stockstream.cli.main import _command
from stockstream.version import VERSION
from tests.cli.helpers import COMMAND, clean, events, stockstream
from tests.kafka.small_disk import on_small_disk

SECRET = "hush-hush"


def test_help_lists_every_command_and_imports_none(tmp_path: Path) -> None:
    result = stockstream("--help", cwd=tmp_path)
    assert result.returncode == 0
    assert all(f" {name} " in result.stdout for name in COMMANDS)
    heavy = ("confluent_kafka", "matplotlib", "pandas", "numpy", "yfinance", "pydantic", "rich")
    program = f"import sys, stockstream.cli.main; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"


def test_help_works_whatever_is_in_the_settings(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("nonsense: 1")
    assert stockstream("--help", cwd=tmp_path).returncode == 0
    assert stockstream("topics", "--help", cwd=tmp_path).returncode == 0
    assert stockstream("topics", cwd=tmp_path).returncode == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_loaded(name: str) -> None:
    command = _command(name)
    assert command.name == name
    assert command.help


def test_version(tmp_path: Path) -> None:
    assert stockstream("--version", cwd=tmp_path).stdout == f"stockstream {VERSION}\n"


def test_the_shell_is_offered_commands_and_their_options(tmp_path: Path) -> None:
    def offered(words: str, at: int) -> str:
        env = clean(tmp_path, _STOCKSTREAM_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(at))
        return stockstream(cwd=tmp_path, env=env).stdout

    assert offered("stockstream to", 1).split() == ["topics"]
    assert "--no-follow" in offered("stockstream tail --", 2).split()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["no-such-command"], "no such command 'no-such-command' - see `stockstream --help`"),
        (["topics", "--no-such-option"], "no such option: --no-such-option - see `stockstream topics --help`"),
        (["tail"], "missing argument 'TOPIC' - see `stockstream tail --help`"),
        (
            ["tail", "stocks", "-n", "-1"],
            "-n / --count: should be greater than or equal to 0 - see `stockstream tail --help`",
        ),
        (["tail", "stocks", "-n", "x"], "-n / --count: should be a whole number - see `stockstream tail --help`"),
        (["tail", "stocks", "-n"], "option '-n' requires an argument - see `stockstream --help`"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], line: str) -> None:
    result = stockstream(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr == f"stockstream: {line}\n"
    (event,) = events(stockstream("--log-json", *arguments, cwd=tmp_path).stderr)
    assert (event["event"], f"{event['text']} - {event['hint']}") == ("error", line)


@pytest.mark.parametrize("group", [[], ["produce"], ["watch"], ["sample"]])
def test_a_group_without_a_command_shows_its_help(tmp_path: Path, group: list[str]) -> None:
    result = stockstream(*group, cwd=tmp_path)
    assert result.returncode == 2
    assert "Usage: stockstream" in result.stdout + result.stderr


def test_a_mistyped_command_gets_a_suggestion(tmp_path: Path) -> None:
    assert "Did you mean 'topics'?" in stockstream("topic", cwd=tmp_path).stderr


def test_a_result_goes_to_stdout_and_the_rest_to_stderr(tmp_path: Path) -> None:
    result = stockstream("doctor", "result", cwd=tmp_path, command=COMMAND)
    assert result.returncode == 0
    assert result.stdout == "the result\n"
    assert result.stderr.splitlines() == [
        "began",
        "mind the gap",
        "counting: 0 of 4, 2.5/s, 2 s left",
        "counting: 4 of 4, 2.5/s",
    ]


def test_an_error_is_one_line_with_hint_and_log_and_exit_code_1(tmp_path: Path) -> None:
    result = stockstream("doctor", "error", cwd=tmp_path, command=COMMAND)
    log = tmp_path / "state" / "logs" / "doctor.log"
    assert result.returncode == 1
    assert result.stderr == f"began\nstockstream: no broker answers - start one (log: {log})\n"
    assert "Traceback" in log.read_text()
    assert "stockstream.errors.Unreachable: no broker answers - start one" in log.read_text()


@pytest.mark.parametrize("options", [[], ["--log-json"]])
def test_a_word_of_100_000_signs_is_cut(tmp_path: Path, options: list[str]) -> None:
    result = stockstream(*options, "doctor", "A" * 100_000, cwd=tmp_path, command=COMMAND)
    assert result.returncode == 1
    assert f"A...{'A' * 37} cannot be done" in result.stderr
    assert len(result.stderr) < 1500
    result = stockstream(*options, "tail", "stocks", "-n", "A" * 100_000, cwd=tmp_path)
    assert (result.returncode, len(result.stderr) < 700) == (2, True)


def test_what_a_file_system_refuses_is_one_line_that_names_the_file(tmp_path: Path) -> None:
    result = stockstream("doctor", "file", cwd=tmp_path, command=COMMAND)
    assert result.returncode == 1
    assert result.stderr.startswith("began\nstockstream: absent/file: no such file or directory (log: ")


def test_an_unexpected_exception_is_one_line_too_and_no_secret_is_in_it_or_in_the_log(tmp_path: Path) -> None:
    env = clean(tmp_path / "state", STOCKSTREAM_KAFKA__SASL_PASSWORD=SECRET)
    result = stockstream("doctor", "defect", cwd=tmp_path, command=COMMAND, env=env)
    log = tmp_path / "state" / "logs" / "doctor.log"
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 2
    assert "stockstream: unexpected ValueError: out of range" in result.stderr
    assert f"(log: {log})" in result.stderr
    assert "ValueError: out of range" in log.read_text()
    assert "'sasl.password': '***'" in log.read_text()
    traced = stockstream("--debug", "doctor", "defect", cwd=tmp_path, command=COMMAND, env=env)
    assert "Traceback" in traced.stderr
    assert SECRET not in result.stderr + traced.stderr + log.read_text()


def test_an_error_in_the_settings_names_the_file_and_there_is_no_log_yet(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("window:\n  refres: 1")
    result = stockstream("--config", "other.yaml", "doctor", "result", cwd=tmp_path, command=COMMAND)
    assert result.returncode == 1
    assert result.stderr == "stockstream: other.yaml, line 2: unknown key window.refres - did you mean refresh?\n"


def test_a_log_that_cannot_be_written_is_said_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = stockstream("doctor", "result", cwd=tmp_path, command=COMMAND, env=clean(tmp_path / "file" / "state"))
    assert result.returncode == 0
    assert result.stderr.startswith("no log is written: ")


_LOGS_WITHOUT_ROOM = """
import io, logging, sys
from pathlib import Path
from stockstream.cli.context import _PrivateFile

file, told = Path(sys.argv[1]) / "log", []
sys.stderr = io.StringIO()
LOG = logging.getLogger("full")
def warn(text):
    told.append(text)
    LOG.warning(text)  # as the reporter does
LOG.addHandler(_PrivateFile(file, warn))
for _ in range(20_000):
    LOG.warning("a line")
print(told == [f"the log is not complete: {file}: No space left on device"], repr(sys.stderr.getvalue()))
"""


def test_the_full_disk_of_a_log_is_said_once(tmp_path: Path) -> None:
    assert on_small_disk(_LOGS_WITHOUT_ROOM, tmp_path, 64) == "True ''\n"


def test_log_json_is_one_object_a_line(tmp_path: Path) -> None:
    result = stockstream("--log-json", "doctor", "result", cwd=tmp_path, command=COMMAND)
    assert result.stdout == "the result\n"
    heard = events(result.stderr)
    assert [event["event"] for event in heard] == ["note", "warning", "progress", "progress", "result"]
    assert heard[2] | {"time": ""} == {
        "time": "", "event": "progress", "done": 0, "total": 4, "rate": 2.5, "state": "counting"
    }  # fmt: skip
    assert heard[3]["done"] == 4
    assert all(event["time"].endswith("Z") for event in heard)
    (error,) = events(stockstream("--log-json", "doctor", "error", cwd=tmp_path, command=COMMAND).stderr)[1:]
    assert (error["event"], error["text"], error["hint"]) == ("error", "no broker answers", "start one")
    assert error["log"].endswith("doctor.log")


def test_ctrl_c_while_it_starts_ends_it_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(60)")
    env = clean(tmp_path / "state", PYTHONPATH=str(tmp_path))
    result = stockstream("topics", cwd=tmp_path, env=env)
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "")


@pytest.mark.parametrize(
    ("during", "sent", "code"),
    [
        ("wait", signal.SIGINT, 130),
        ("wait", signal.SIGTERM, 143),
        ("wait", signal.SIGHUP, 129),
        ("load", signal.SIGTERM, 143),  # of a compiled module, as by a demo that is ended at once
    ],
)
def test_a_signal_ends_it_without_a_word(tmp_path: Path, during: str, sent: signal.Signals, code: int) -> None:
    process = subprocess.Popen(
        [*COMMAND, "doctor", during], cwd=tmp_path, env=clean(tmp_path / "state"), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "began\n"
    process.send_signal(sent)
    _, stderr = process.communicate(timeout=120)
    assert (process.returncode, stderr) == (code, "")


def test_options_before_the_command_win_over_the_environment(tmp_path: Path) -> None:
    env = clean(tmp_path / "state", STOCKSTREAM_BOOTSTRAP_SERVERS="127.0.0.1:2")
    result = stockstream("--bootstrap-servers", "127.0.0.1:1", "topics", cwd=tmp_path, env=env)
    assert result.returncode == 1
    assert "no broker answers at 127.0.0.1:1: connection refused - is it running?" in result.stderr
    assert "stockstream broker" in result.stderr
