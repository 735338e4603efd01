"""Context of every command: settings, reporter, displays, and the log."""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from stockstream.cli import setting_checks
from stockstream.cli.displays import Displays, MatplotlibDisplays, Page
from stockstream.cli.produce.outlet import KafkaOutlet, Outlet
from stockstream.files import private_file, private_folder
from stockstream.names import harmless
from stockstream.producers.clock import SYSTEM, Clock

if TYPE_CHECKING:  # the demo, pydantic and rich are slow to import, and `--help` does not need them
    from stockstream.cli.demo import Launcher
    from stockstream.cli.reporter import Reporter
    from stockstream.cli.store import Storing
    from stockstream.config import Settings
    from stockstream.config_layers import Layers

LOG_BYTES: Final = 2_000_000
LOG_COUNT: Final = 3


@dataclass(frozen=True)
class Context:
    """Context of a command; ``Context.of(ctx)`` gives it."""

    settings: Settings
    reporter: Reporter
    outlet: Outlet
    debug: bool = False
    command: str = ""
    displays: Displays = field(default_factory=MatplotlibDisplays)
    clock: Clock = SYSTEM
    launcher: Launcher | None = None
    page: Page | None = None
    storing: Storing | None = None

    @property
    def source(self) -> str:
        """The last word of the command: of producers the name of their source."""
        return self.command.rpartition(" ")[2]

    @staticmethod
    def of(ctx: typer.Context) -> Context:
        """Read the settings and open the log, once in a process. Raises ConfigError."""
        return Invocation.of(ctx).context(ctx.command_path)


@dataclass
class Invocation:
    """One call of the program: the global options, and the objects made from them.

    The settings are read when a command first needs them, so that ``--help`` works with any config.yaml.
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
    storing: Storing | None = None
    _reporter: Reporter | None = field(default=None, repr=False)
    _layers: Layers | None = field(default=None, repr=False)
    _settings: Settings | None = field(default=None, repr=False)
    _context: Context | None = field(default=None, repr=False)

    @staticmethod
    def of(ctx: typer.Context) -> Invocation:
        """The invocation of a command; a new one if it was not started by `run` (tests)."""
        root = ctx.find_root()
        if not isinstance(root.obj, Invocation):
            root.obj = Invocation()
        return root.obj

    @staticmethod
    def early(ctx: typer.Context) -> Invocation:
        """The invocation before the command runs, when the global options are not processed yet."""
        invocation, given = Invocation.of(ctx), ctx.find_root().params
        invocation.config = given.get("config")
        invocation.bootstrap_servers = given.get("bootstrap_servers")
        return invocation

    @property
    def reporter(self) -> Reporter:
        """The reporter of the command, also for errors in the settings."""
        if self._reporter is None:
            from stockstream.cli.reporter import JsonReporter, PersonReporter, QuietReporter

            reporter = JsonReporter() if self.log_json else PersonReporter()
            self._reporter = QuietReporter(reporter) if self.quiet else reporter
        return self._reporter

    def close(self) -> None:
        """Show the last progress, if there was any, and restore the terminal."""
        if self._reporter is not None:
            self._reporter.close()

    def layers(self) -> Layers:
        """What is written in the settings, read at the first call; their plug-ins are used from then on.

        Checking the settings takes pydantic, which `--help` does not need. Raises ConfigError.
        """
        if self._layers is None:
            from stockstream import plugins
            from stockstream.config_layers import gather

            options = {} if self.bootstrap_servers is None else {"bootstrap_servers": self.bootstrap_servers}
            self._layers = gather(self.config, options)
            plugins.use(self._layers.plugins)
        return self._layers

    def settings(self) -> Settings:
        """The settings, read and checked at the first call. Raises ConfigError."""
        if self._settings is None:
            from stockstream.config import checked

            self._settings = checked(self.layers())
        return self._settings

    def context(self, command_path: str) -> Context:
        """The context, created at the first call."""
        if self._context is None:
            settings = self.settings()
            for message in settings.ignored:
                self.reporter.warn(message)
            setting_checks.check(settings, self.reporter.note)
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
                self.storing,
            )
            self._begin_log(settings, "-".join(command) or "stockstream")
        return self._context

    def warn_of_plugins(self) -> None:
        """Warn of plug-ins that could not be used so far."""
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
            handler = _PrivateFile(file, self.reporter.warn)
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
    """A log that only its owner can read, also after each rotation. That it cannot be written, is told once."""

    def __init__(self, file: Path, warn: Callable[[str], None]) -> None:
        super().__init__(file, maxBytes=LOG_BYTES, backupCount=LOG_COUNT, encoding="utf-8")
        self._warn = warn
        self._told = False

    def _open(self) -> TextIOWrapper:
        private_file(Path(self.baseFilename))
        return super()._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - a name of logging's
        """As `logging.Handler.handleError`: the full disk of a log ends nothing, and fills no terminal."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
        elif not self._told:
            self._told = True  # before the warning, which is logged, too
            self._warn(f"the log is not complete: {self.baseFilename}: {error.strerror}")


class _Formatter(logging.Formatter):
    """Log format: time in UTC, process, level, logger, message; without secrets, also in tracebacks."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        self.converter = time.gmtime
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return harmless(_redacted(super().format(record), self._secrets))


def _redacted(text: str, secrets: tuple[str, ...]) -> str:
    for secret in filter(None, secrets):
        # An error may show it as Python or JSON write it.
        for written in dict.fromkeys((secret, repr(secret)[1:-1], json.dumps(secret)[1:-1])):
            text = text.replace(written, "***")
    return text
