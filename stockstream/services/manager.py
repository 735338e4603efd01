"""The service manager of the user: systemd, which is asked through its own commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import Final

from stockstream.errors import StockstreamError
from stockstream.files import replacing
from stockstream.services.unit import PREFIX, SUFFIX, Unit, command_in

_PATIENCE: Final = 120.0
_PROPERTIES: Final = (
    "Id",
    "ActiveState",
    "SubState",
    "StateChangeTimestampMonotonic",
    "MainPID",
    "NRestarts",
    "MemoryCurrent",
    "ExecMainStatus",
    "UnitFileState",
)
_WITHOUT: Final = "run the command in a terminal, or leave restarts to launchd or to the container's own policy"
_NO_BUS: Final = (
    "containers have none; after su or sudo log in by ssh or on the console instead, or set "
    "XDG_RUNTIME_DIR=/run/user/$(id -u)"
)
_UNSET: Final = ("", "[not set]", "18446744073709551615")


@dataclass(frozen=True)
class State:
    """How an installed service is.

    Attributes
    ----------
    name
        Its name without ``.service``.
    command
        The words behind ``stockstream``.
    state, detail
        As systemd has them: active and running, activating and auto-restart, failed, ...
    seconds
        For how long it has been so; None if it never started.
    process
        Its process; None if it does not run.
    restarts
        How often systemd has started it again.
    memory
        Bytes that it and its children use; None if that is not known.
    exit_code
        The exit code of its last end; None while it runs.
    enabled
        Whether it starts with the session.
    """

    name: str
    command: tuple[str, ...]
    state: str
    detail: str
    seconds: float | None
    process: int | None
    restarts: int
    memory: int | None
    exit_code: int | None
    enabled: bool


class Manager:
    """Systemd's manager of the user's services. Every method raises StockstreamError in one line.

    Parameters
    ----------
    folder
        The folder of the user's units.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def of_user(environ: Mapping[str, str] = os.environ) -> Manager:
        """The manager with the folder where systemd looks for units."""
        return Manager(_configuration(environ) / "systemd" / "user")

    def path(self, name: str) -> Path:
        """The file of a unit."""
        return self._folder / f"{name}{SUFFIX}"

    def require(self) -> None:
        """Raise unless a manager of the user runs on this machine."""
        self._systemctl("show", "--property=Version")

    def installed(self) -> dict[str, tuple[str, ...]]:
        """The command of each unit of ours, by name. Units that others wrote under such a name are left alone."""
        files = sorted(self._folder.glob(f"{PREFIX}*{SUFFIX}"))
        commands = {path.name.removesuffix(SUFFIX): command_in(_text(path) or "") for path in files}
        return {name: command for name, command in commands.items() if command is not None}

    def command(self, name: str) -> tuple[str, ...] | None:
        """The command of a unit of ours; None if there is no such unit. Raises for a file of others."""
        path = self.path(name)
        text = _text(path)
        if text is None:
            return None
        command = command_in(text)
        if command is None:
            raise StockstreamError(f"{path} was not written by stockstream", hint="choose another name with --name")
        return command

    def install(self, unit: Unit, *, start: bool) -> None:
        """Write a unit, have it started with the session, and (re)start it now if wanted."""
        text = unit.text
        self.require()
        path = self.path(unit.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StockstreamError(f"{path.parent} cannot be made: {error.strerror}") from error
        with replacing(path) as beside:
            beside.write_text(text, encoding="utf-8")
        self._systemctl("daemon-reload")
        self._systemctl("enable", "--quiet", path.name)
        if start:
            self._systemctl("restart", path.name)

    def uninstall(self, name: str) -> None:
        """Stop a service, and remove its unit. Its data and logs stay."""
        self.require()
        path = self.path(name)
        self._systemctl("disable", "--now", "--quiet", path.name)
        path.unlink(missing_ok=True)
        self._systemctl("daemon-reload")
        self._systemctl("reset-failed", path.name, strict=False)

    def states(self, names: Sequence[str]) -> list[State]:
        """How services of ours are."""
        if not names:
            return []
        files = [f"{name}{SUFFIX}" for name in names]
        shown = self._systemctl("show", f"--property={','.join(_PROPERTIES)}", *files)
        blocks = {block["Id"].removesuffix(SUFFIX): block for block in _blocks(shown) if "Id" in block}
        return [_state(name, self.command(name) or (), blocks.get(name, {})) for name in names]

    def show_log(self, names: Sequence[str], *, lines: int, follow: bool) -> int:
        """Let systemd's journal print the newest lines of services; returns its exit code."""
        program = shutil.which("journalctl")
        if program is None:
            raise StockstreamError("this machine has no systemd journal", hint=_WITHOUT)
        units = [f"--user-unit={name}{SUFFIX}" for name in names]
        options = [f"--lines={lines}", "--output=short-iso", "--no-pager", *(["--follow"] if follow else [])]
        try:
            return subprocess.run([program, *units, *options], check=False).returncode
        except KeyboardInterrupt:
            return 130

    def lingers(self) -> bool | None:
        """Whether services go on after the user has logged out; None if that cannot be said."""
        program = shutil.which("loginctl")
        if program is None:
            return None
        command = [program, "show-user", getuser(), "--property=Linger", "--value"]
        found = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        return {"yes": True, "no": False}.get(found.stdout.strip())

    def _systemctl(self, *arguments: str, strict: bool = True) -> str:
        program = shutil.which("systemctl")
        if program is None:
            raise StockstreamError("services need systemd, which this machine does not have", hint=_WITHOUT)
        command = [program, "--user", *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            raise StockstreamError(f"systemctl {arguments[0]} gave no answer for {_PATIENCE:.0f} s") from None
        if done.returncode and strict:
            reason = " ".join(done.stderr.split())
            if "bus" in reason or "XDG_RUNTIME_DIR" in reason:
                raise StockstreamError("no systemd of this user runs here", hint=_NO_BUS)
            raise StockstreamError(f"systemctl {' '.join(arguments)}: {reason or f'exit code {done.returncode}'}")
        return done.stdout


def variables_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The file of variables that all services of the user see, for passwords and keys."""
    return _configuration(environ) / "stockstream" / "service.env"


def _configuration(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _text(path: Path) -> str | None:
    """The text of a unit; None if there is none. Raises StockstreamError."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StockstreamError(f"{path} cannot be read: {error.strerror}") from error


def _blocks(text: str) -> Iterator[dict[str, str]]:
    """The properties of each unit, which systemctl separates by an empty line."""
    for block in text.split("\n\n"):
        yield dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _state(name: str, command: tuple[str, ...], block: Mapping[str, str]) -> State:
    changed = int(block.get("StateChangeTimestampMonotonic") or 0)
    process, memory = int(block.get("MainPID") or 0), block.get("MemoryCurrent", "")
    return State(
        name,
        command,
        block.get("ActiveState", "unknown"),
        block.get("SubState", "unknown"),
        max(0.0, time.monotonic() - changed / 1e6) if changed else None,
        process or None,
        int(block.get("NRestarts") or 0),
        None if memory in _UNSET else int(memory),
        None if process or not changed else int(block.get("ExecMainStatus") or 0),
        block.get("UnitFileState") == "enabled",
    )
