"""The output of `--help`, and the shell's completions."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from stockstream.cli import entries, main, panels
from stockstream.cli.commands import Command, Group, LazyGroup
from stockstream.cli.context import Invocation
from stockstream.cli.produce.produce import Sources
from stockstream.cli.reporter import JsonReporter, PersonReporter, QuietReporter
from stockstream.producers.simulated import simulated
from stockstream.topics import FLIGHTS, STOCKS
from tests.cli.helpers import COMMAND, clean, events, stockstream
from tests.cli.records import flight
from tests.command_lines import parsed
from tests.site import Site

HEAVY = ("asyncio", "confluent_kafka", "matplotlib", "pandas", "rich", "seaborn", "stockstream.config", "yfinance")
"""Modules that no help needs. Indicators take NumPy, and typer itself takes pydantic for an option before a command."""


def every_command() -> Iterator[tuple[str, Any]]:
    for name in entries.COMMANDS:
        command = main._command(name)
        yield name, command
        for own, other in getattr(command, "commands", {}).items():
            yield f"{name} {own}", command.built(own) if isinstance(command, LazyGroup) else other


COMMANDS = dict(every_command())


def offered(here: Path, line: str, **environment: str) -> list[str]:
    """What the shell offers behind a line that ends with what was begun."""
    words = line.split(" ")
    env = clean(here / "state", _STOCKSTREAM_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    result = stockstream(cwd=here, env={**env, **environment})
    assert result.stderr == ""
    return result.stdout.split()


def test_an_option_with_one_value_is_given_once() -> None:
    tried = 0
    for name, command in COMMANDS.items():
        for param in command.params:
            if param.param_type_name != "option" or param.multiple or (param.is_flag and not param.secondary_opts):
                continue
            first, second = param.opts[0], [*param.opts, *param.secondary_opts][-1]
            value = [] if param.is_flag else ["x"]
            with pytest.raises(typer.BadParameter, match=r"^is given more than once$") as caught:
                command.make_context(name, [first, *value, second, *value], obj=Invocation())
            assert first in caught.value.format_message()
            tried += 1
    assert tried > 200


def test_a_repeated_option_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.call(Invocation(), ["broker", "--secure", "--plain"]) == 2
    said = capsys.readouterr().err
    assert said == "stockstream: --secure / --plain: is given more than once - see `stockstream broker --help`\n"


def test_options_that_take_several_values_and_plain_flags_may_be_repeated() -> None:
    parsed("stockstream watch chart AAPL --with rsi --with cci --no-memory --no-memory")
    with pytest.raises(typer.BadParameter, match="more than once"):
        parsed("stockstream topics --config a.yaml --config b.yaml")


def test_no_line_of_a_list_of_commands_ends_in_dots(capsys: pytest.CaptureFixture[str]) -> None:
    for name in [each for each in COMMANDS if isinstance(COMMANDS[each], Group)]:
        assert main.call(Invocation(), [*name.split(), "--help"]) == 0
        listed = capsys.readouterr().out.partition("Commands:")[2].partition("Examples:")[0]
        assert listed, name
        assert "..." not in listed, name


def test_arguments_are_named_as_a_user_writes_them(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        assert main.call(Invocation(), [*name.split(), "--help"]) == 0
        text = capsys.readouterr().out
        assert "list[" not in text, name
        assert "....." not in text, name
        assert "``" not in text, name


def test_help_names_the_defaults_of_the_source(capsys: pytest.CaptureFixture[str]) -> None:
    for source, defaults in (
        ("yahoo", "1m --history 5d"),
        ("binance", "1m --history 1d"),
        ("market", "1m --history 5d"),
    ):
        assert main.call(Invocation(), ["produce", source, "--help"]) == 0
        assert f"Unless config.yaml differs: --interval {defaults}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_that_can_be_typed(name: str) -> None:
    command = COMMANDS[name]
    assert isinstance(command, Command | Group)
    lines = (command.epilog or "").splitlines()
    assert lines
    for line in lines:
        assert line.startswith(f"stockstream {name}"), line
        parsed(line)


@pytest.mark.parametrize("columns", [40, 80])
def test_help_fits_the_terminal(columns: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        for name in ("", *COMMANDS):
            assert main.call(Invocation(), [*name.split(), "--help"]) == 0
            text = capsys.readouterr().out.partition("\nExamples:\n")[0]
            wide = [line for line in text.splitlines() if len(line) > columns]
            # The name of a command or an option is never broken.
            assert all(line.startswith(("Usage: ", "  -")) for line in wide), (name, wide)


def test_only_commands_that_send_say_what_is_sent() -> None:
    for name, command in COMMANDS.items():
        found = [param for param in command.params if getattr(param, "rich_help_panel", None) == panels.CHOICE]
        sends = name.startswith("produce ") or name == "alerts"
        assert not found or sends, (name, [param.name for param in found])


def test_a_line_that_cannot_be_typed_is_found() -> None:
    with pytest.raises(main._USAGE, match="--perod"):
        parsed("stockstream watch rsi AAPL --perod 9")


def test_examples_are_shown_one_a_line(tmp_path: Path) -> None:
    env = clean(tmp_path / "state", COLUMNS="60")
    shown = stockstream("watch", "williams_r", "--help", cwd=tmp_path, env=env).stdout
    line = "  stockstream watch williams_r AAPL --once --headless williams_r.png --values williams_r.csv\n"
    assert shown.endswith(line)
    for line in str(main.app.info.epilog).splitlines():
        parsed(line)
        assert f"\n  {line}\n" in stockstream("--help", cwd=tmp_path).stdout


@pytest.mark.parametrize("name", [name for name in COMMANDS if name.partition(" ")[0] in ("watch", "produce")])
def test_every_option_of_windows_and_producers_stands_in_a_panel(name: str) -> None:
    options = [param for param in COMMANDS[name].params if param.param_type_name == "option"]
    assert all(option.rich_help_panel in panels.ORDER for option in options)
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        assert main.call(Invocation(), [*name.split(), "--help"]) == 0
    shown = out.getvalue()
    result = [line[:-1] for line in shown.splitlines() if line[:1].isalpha() and line.endswith(":")]
    expected = [panel for panel in panels.ORDER if any(option.rich_help_panel == panel for option in options)]
    assert [panel for panel in result if panel in panels.ORDER] == expected
    assert all(shown.count(f"  {option.opts[0]}") >= 1 for option in options)


@pytest.mark.parametrize(
    ("arguments", "more"),
    [
        ("", ("msgspec", "numpy", "pydantic", "yaml")),
        ("produce", ("numpy", "pyroaring", "stockstream.cli.produce.source", "websockets")),
        ("produce simulated", ("numpy", "stockstream.config", "stockstream.indicators")),
        ("produce yahoo", ("numpy", "stockstream.config", "stockstream.indicators")),
        ("watch", ("stockstream.config_sections", "numpy")),
        ("watch rsi", ("stockstream.config_sections", "numpy")),
    ],
)
def test_help_loads_nothing_that_takes_long(tmp_path: Path, arguments: str, more: tuple[str, ...]) -> None:
    program = f"""
import sys
from stockstream.cli import main
from stockstream.cli.context import Invocation
main.call(Invocation(), {[*arguments.split(), "--help"]})
print([name for name in {HEAVY + more} if name in sys.modules])
"""
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path, env=clean(tmp_path)
    )
    assert result.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", [name for name in COMMANDS if name.startswith("produce ")])
def test_the_list_of_producers_says_what_each_says_of_itself(name: str) -> None:
    line = Sources().lines()[name.removeprefix("produce ")]
    assert COMMANDS[name].help.startswith(f"{line}\n\n")


def test_quiet_shows_errors_and_results_alone(tmp_path: Path) -> None:
    result = stockstream("doctor", "result", "--quiet", cwd=tmp_path, command=COMMAND)
    assert (result.returncode, result.stdout, result.stderr) == (0, "the result\n", "")
    log = (tmp_path / "state" / "logs" / "doctor.log").read_text()
    assert "INFO stockstream.cli.reporter: began" in log
    assert "WARNING stockstream.cli.reporter: mind the gap" in log
    result = stockstream("--quiet", "doctor", "error", cwd=tmp_path, command=COMMAND)
    assert result.returncode == 1
    assert result.stderr.startswith("stockstream: no broker answers - start one (log: ")
    assert result.stderr.count("\n") == 1
    result = stockstream("--quiet", "doctor", "result", "--log-json", cwd=tmp_path, command=COMMAND)
    assert [event["event"] for event in events(result.stderr)] == ["result"]


@pytest.mark.parametrize("kind", [PersonReporter, JsonReporter])
def test_a_quiet_reporter_writes_what_was_asked_for(kind: type[PersonReporter | JsonReporter]) -> None:
    stderr, stdout = io.StringIO(), io.StringIO()
    quiet = QuietReporter(kind(stderr, stdout))
    quiet.note("a note")
    quiet.warn("a warning")
    quiet.progress(1, 2, 0.5, "doing")
    quiet.close()
    assert (stderr.getvalue(), stdout.getvalue()) == ("", "")
    quiet.result("7")
    quiet.error("it broke", None, None)
    assert stdout.getvalue() == "7\n"
    assert "it broke" in stderr.getvalue()


def test_the_shell_is_offered_what_the_broker_has(site: Site) -> None:
    bars = simulated(["AAPL", "AMZN", "MSFT"], interval="1m", pace=0, history=1, seed=1, count=1, last={})
    site.send(STOCKS, [each for each in bars if each is not None])
    site.send(FLIGHTS, [flight(1), flight(2, airline="DL")])
    where = {"STOCKSTREAM_BOOTSTRAP_SERVERS": site.bootstrap_servers}
    assert offered(site.folder, "stockstream watch rsi A", **where) == ["AAPL", "AMZN"]
    assert offered(site.folder, "stockstream watch rsi AAPL --period 9 M", **where) == ["MSFT"]
    assert offered(site.folder, "stockstream watch flights ", **where) == ["AA", "DL"]
    assert offered(site.folder, "stockstream report AAPL,M", **where) == ["AAPL,MSFT"]
    assert offered(site.folder, "stockstream produce flights x.csv --airlines AA,D", **where) == ["AA,DL"]
    assert offered(site.folder, "stockstream tail s", **where) == ["stocks", "stocks.dlq"]
    named = f"stockstream --bootstrap-servers {site.bootstrap_servers} watch rsi AM"
    assert offered(site.folder, named) == ["AMZN"]
    behind = f"stockstream watch rsi --bootstrap-servers {site.bootstrap_servers} AM"
    assert offered(site.folder, behind) == ["AMZN"]


def test_without_a_broker_the_shell_is_offered_nothing_and_soon(tmp_path: Path) -> None:
    where = {"STOCKSTREAM_BOOTSTRAP_SERVERS": "10.255.255.1:9092"}
    for line in ("stockstream watch rsi A", "stockstream tail s"):
        began = time.monotonic()
        assert offered(tmp_path, line, **where) == []
        assert time.monotonic() - began < 20, "the broker has a second; the rest is a busy machine"
    (tmp_path / "config.yaml").write_text("nonsense: 1")
    assert offered(tmp_path, "stockstream watch rsi A") == []


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("stockstream watch rsi --theme ", ["light", "dark", "contrast"]),
        ("stockstream watch rsi --backend t", ["tk"]),
        ("stockstream watch rsi --interval 15", ["15m"]),
        ("stockstream watch rsi --feed m", ["market"]),
        ("stockstream watch rsi --resample 5", ["5m"]),
        ("stockstream produce csv x.csv --tz America/New_Y", ["America/New_York"]),
        ("stockstream produce yahoo AAPL --history m", ["max"]),
        ("stockstream watch chart --with rsi,bol", ["rsi,bollinger"]),
        ("stockstream watch boll", ["bollinger"]),
    ],
)
def test_the_shell_is_offered_the_values_of_an_option(tmp_path: Path, line: str, values: list[str]) -> None:
    assert offered(tmp_path, line) == values
