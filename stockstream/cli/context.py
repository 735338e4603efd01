"""Context of every command: settings, reporter, displays, and the log."""

from __future__ import annotations

import json
import logging
import logging.handlers
import time
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from stockstream.cli.displays import Displays, MatplotlibDisplays, Page
from stockstream.cli.produce.outlet import KafkaOutlet, Outlet
from stockstream.files import private_file, private_folder
from stockstream.names import harmless
from stockstream.producers.clock import SYSTEM, Clock

if TYPE_CHECKING:  # what a demo needs, pydantic and rich take longer to load than all that `--help` needs
    from stockstream.cli.demo import Launcher
    from stockstream.cli.reporter import Reporter
    from stockstream.config import Settings

LOG_BYTES: Final = 2_000_000
LOG_COUNT: Final = 3


@dataclass(frozen=True)
class Context:
    """What a command works with; ``Context.of(ctx)`` gives it."""

    settings: Settings
    reporter: Reporter
    outlet: Outlet
    debug: bool = False
    command: str = ""
    displays: Displays = field(default_factory=MatplotlibDisplays)
    clock: Clock = SYSTEM
    launcher: Launcher | None = None
    page: Page | None = None

    @staticmethod
    def of(ctx: typer.Context) -> Context:
        """Read the settings and begin the log, once in a process. Raises ConfigError."""
        return Invocation.of(ctx).context(ctx.command_path)


@dataclass
class Invocation:
    """One call of the program: the options that stand before the command, and what came of them.

    The settings are read at a command's first need, so that ``--help`` works whatever stands in config.yaml.
    """

    config: Path | None = None
    bootstrap_servers: str | None = None
    debug: bool = False
    log_json: bool = False
    quiet: bool = False
    logfile: Path | None = None
    displays: Displays = field(default_factory=MatplotlibDisplays)
    outlet: Outlet | None = None
    clock: Clock = SYSTEM
    launcher: Launcher | None = None
    page: Page | None = None
    _reporter: Reporter | None = field(default=None, repr=False)
    _settings: Settings | None = field(default=None, repr=False)
    _context: Context | None = field(default=None, repr=False)

    @staticmethod
    def of(ctx: typer.Context) -> Invocation:
        """The invocation that a command runs in; a new one where `run` was not the way in (tests)."""
        root = ctx.find_root()
        if not isinstance(root.obj, Invocation):
            root.obj = Invocation()
        return root.obj

    @staticmethod
    def early(ctx: typer.Context) -> Invocation:
        """The same before the command runs, when nothing has taken the options of all commands yet."""
        invocation, given = Invocation.of(ctx), ctx.find_root().params
        invocation.config = given.get("config")
        invocation.bootstrap_servers = given.get("bootstrap_servers")
        return invocation

    @property
    def reporter(self) -> Reporter:
        """Who takes what the command tells, errors in the settings included."""
        if self._reporter is None:
            from stockstream.cli.reporter import JsonReporter, PersonReporter, QuietReporter

            told = JsonReporter() if self.log_json else PersonReporter()
            self._reporter = QuietReporter(told) if self.quiet else told
        return self._reporter

    def close(self) -> None:
        """Show the last progress, if any was told, and leave the terminal in order."""
        if self._reporter is not None:
            self._reporter.close()

    def settings(self) -> Settings:
        """The settings, read at the first call, from when on their plug-ins are used. Raises ConfigError."""
        if self._settings is None:
            from stockstream import plugins
            from stockstream.config import load

            options = {} if self.bootstrap_servers is None else {"bootstrap_servers": self.bootstrap_servers}
            self._settings = load(self.config, options)
            plugins.use(self._settings.plugins)
        return self._settings

    def context(self, command_path: str) -> Context:
        """The context, made at the first call."""
        if self._context is None:
            settings = self.settings()
            for told in settings.ignored:
                self.reporter.warn(told)
            if settings.views:
                from stockstream.consumers.view_settings import check  # loads every view, which most need not

                check(settings)
            self.warn_of_plugins()
            command = command_path.split()[1:]
            self._context = Context(
                settings,
                self.reporter,
                self.outlet or KafkaOutlet(settings),
                self.debug,
                " ".join(command),
                self.displays,
                self.clock,
                self.launcher,
                self.page,
            )
            self._begin_log(settings, "-".join(command) or "stockstream")
        return self._context

    def warn_of_plugins(self) -> None:
        """Tell which of the plug-ins that were asked for so far cannot be used; the others are."""
        from stockstream import plugins

        for failure in plugins.current().failures:
            self.reporter.warn(str(failure))

    def redact(self, text: str) -> str:
        """The text without secrets."""
        return _redacted(text, self._context.settings.secrets()) if self._context else text

    def _begin_log(self, settings: Settings, command: str) -> None:
        file = settings.state_dir / "logs" / f"{command}.log"
        try:
            private_folder(file.parent)
            handler = _PrivateFile(file, maxBytes=LOG_BYTES, backupCount=LOG_COUNT, encoding="utf-8")
        except OSError as error:
            self.reporter.warn(f"no log is written: {file}: {error.strerror}")
            return
        handler.setFormatter(_Formatter(settings.secrets()))
        root = logging.getLogger()
        root.addHandler(handler)
        root.setLevel(logging.INFO)
        logging.getLogger("stockstream").setLevel(logging.DEBUG if self.debug else logging.INFO)
        self.logfile = file


class _PrivateFile(logging.handlers.RotatingFileHandler):
    """A log that only its owner can read, also after each rotation."""

    def _open(self) -> TextIOWrapper:
        private_file(Path(self.baseFilename))
        return super()._open()


class _Formatter(logging.Formatter):
    """Time in UTC, process, level, where, what; secrets taken out, tracebacks included."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return harmless(_redacted(super().format(record), self._secrets))


def _redacted(text: str, secrets: tuple[str, ...]) -> str:
    for secret in filter(None, secrets):
        # In an error it may stand as Python or JSON write it.
        for written in dict.fromkeys((secret, repr(secret)[1:-1], json.dumps(secret)[1:-1])):
            text = text.replace(written, "***")
    return text
