"""``stockstream demo``: runs a broker, two producers and three windows."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Protocol

import typer

import stockstream
from stockstream.charts.window import toolkits
from stockstream.cli.board import Board, board
from stockstream.cli.context import Context
from stockstream.cli.live_market import BINANCE, CRYPTO, YAHOO, live_source
from stockstream.cli.reporter import Reporter
from stockstream.cli.sample import SAMPLE
from stockstream.cli.supervisor import Child, State, Supervisor
from stockstream.cli.watch.windows import blame, geometries, keep_up, memory_file
from stockstream.config import Settings
from stockstream.connection import Connection
from stockstream.credentials import credentials, folder_of
from stockstream.errors import AuthError, BrokerError, DisplayError, StockstreamError, Unreachable
from stockstream.files import is_ours, replacing
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import free_port, is_free
from stockstream.kafka.filelock import FileLock, Locked
from stockstream.present.geometry import Geometry
from stockstream.producers.sample import sample_flights
from stockstream.records import MARKET, SIMULATED
from stockstream.views.fold import Selection
from stockstream.web.extra import PORT as PAGE_PORT
from stockstream.web.extra import require_assets, require_web

PICTURES: Final = Path("out")
"""Folder of the pictures without a display, relative to the working directory."""

FLIGHTS_A_SECOND: Final = 100
"""Rate of the sample's flights: its month takes two minutes."""

_BROKER, _PRODUCERS, _WINDOWS = range(3)
_BEAT: Final = 0.1
_UP_WITHIN: Final = 60.0


@dataclass(frozen=True)
class Plan:
    """Plan of the demo: the commands, their folders and addresses."""

    port: int
    data: Path
    states: Path
    sample: Path
    symbols: tuple[str, ...]
    source: str
    pictures: Path | None
    geometries: tuple[Geometry | None, ...]
    config: Path | None
    secure: bool = False
    page: int | None = None
    """Port of the page; None for no page."""

    @property
    def bootstrap_servers(self) -> str:
        """Address of the demo's broker."""
        return f"127.0.0.1:{self.port}"

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Environment of the commands, with the demo's broker, and the folder of its passwords if it is secure."""
        return {
            **environ,
            "STOCKSTREAM_BOOTSTRAP_SERVERS": self.bootstrap_servers,
            "STOCKSTREAM_KAFKA__SECURITY_PROTOCOL": "PLAINTEXT",
            "STOCKSTREAM_CREDENTIALS_DIR": str(folder_of(self.data)),
            "STOCKSTREAM_STATE_DIR": str(self.states),
        }

    def command(self, *arguments: str) -> list[str]:
        """A stockstream command that reports as JSON for the supervisor."""
        config = ["--config", str(self.config)] if self.config else []
        return [sys.executable, "-m", "stockstream", "--log-json", *config, *arguments]

    def broker(self) -> list[str]:
        """The broker's arguments."""
        security = "--secure" if self.secure else "--plain"
        return ["broker", "--port", str(self.port), "--data", str(self.data), security]

    def connection(self) -> Connection | None:
        """Connection to the broker; None while it has not created its users."""
        if self.secure:
            return credentials(folder_of(self.data), "monitor")
        return {"bootstrap.servers": self.bootstrap_servers}

    def producers(self) -> dict[str, list[str]]:
        """The producers' names and arguments."""
        bars = [self.source, *self.symbols]
        flights = ["flights", str(self.sample), "--again", "--rate", str(FLIGHTS_A_SECOND)]
        return {arguments[0]: ["produce", *arguments] for arguments in (bars, flights)}

    def windows(self) -> dict[str, list[str]]:
        """The windows' names and arguments."""
        commands = {}
        for (view, selection), geometry in zip(
            selections(self.symbols, self.source).items(), self.geometries, strict=True
        ):
            feed = ["--feed", selection.feed] if selection.feed else []
            where = ["--geometry", str(geometry)] if geometry else []
            if self.pictures:
                where = ["--headless", str(self.pictures / f"{view}.png")]
            commands[f"watch {view}"] = ["watch", view, *selection.keys, *feed, *where]
        return commands

    def web(self) -> list[str]:
        """The page's arguments."""
        return ["web", "--port", str(self.page), "--open"]


def selections(symbols: tuple[str, ...], source: str) -> dict[str, Selection]:
    """Selections of the windows, by view."""
    bars = Selection(symbols, None, SIMULATED if source == SIMULATED else MARKET)
    return {"bollinger": bars, "aroon": bars, "flights": Selection()}


def demo(
    ctx: typer.Context,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", min=0.0, metavar="N", help="End N seconds after everything has started."),
    ] = None,
    yahoo: Annotated[bool, typer.Option("--yahoo", help="Use real bars from Yahoo instead of simulated ones.")] = False,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Use real bars of what trades now: shares from Yahoo, or crypto from Binance while New York is "
            "closed. If neither answers, they are simulated.",
        ),
    ] = False,
    headless: Annotated[bool, typer.Option("--headless", help="Draw to out/*.png; no windows.")] = False,
    secure: Annotated[bool, typer.Option("--secure", help="Use a secure broker: TLS, passwords and rights.")] = False,
    web: Annotated[bool, typer.Option("--web", help="Open the page in a browser, too.")] = False,
) -> None:
    """Start a broker, producers of bars and flights, and three windows, each in its own process.

    Ctrl-C ends them all, and so does closing the windows. The demo has its own topics, separate from those of
    `stockstream broker`. They are kept between runs: simulated bars continue, and each run sends the sample's flights
    again.
    """
    context = Context.of(ctx)
    with ExitStack() as stack:
        source = live_source(context) if live else YAHOO if yahoo else SIMULATED
        plan = _plan(stack, context, source=source, headless=headless, secure=secure)
        if web:
            plan = replace(plan, page=_page(context.reporter))
        (context.launcher or launch)(plan, context.reporter, seconds)


class Launcher(Protocol):
    """Runs a plan until the time is over or no window is left."""

    def __call__(self, plan: Plan, reporter: Reporter, seconds: float | None) -> None:
        """Start everything; ``seconds`` count from when all of it has started, None for no limit.

        Raises the errors of the processes that failed.
        """


def launch(plan: Plan, reporter: Reporter, seconds: float | None) -> None:
    """As `Launcher`, with a process for each command."""
    children: list[Child] = []
    with (
        board(reporter, children) as shown,
        Supervisor(plan.environment(os.environ), children, on_beat=shown.report) as supervisor,
    ):
        _bring_up(plan, supervisor, shown)
        until = None if seconds is None else time.monotonic() + seconds
        keep_up(supervisor, shown.report, rank=_WINDOWS, until=until)
    blame(supervisor)


def _plan(stack: ExitStack, context: Context, *, source: str, headless: bool, secure: bool = False) -> Plan:
    settings, reporter = context.settings, context.reporter
    data, states = settings.data_dir / "demo", settings.state_dir
    if _in_use(data):
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="stockstream-demo-")))
        reporter.note(f"{data} is in use by another demo: this one's data is temporary")
        data, states = folder / "kafka", folder / "state"
    pictures = _pictures(settings, reporter, headless=headless)
    symbols = CRYPTO if source == BINANCE else settings.demo.symbols
    return Plan(
        port=_port(settings.broker.port, reporter),
        data=data,
        states=states,
        sample=_sample(settings),
        symbols=symbols,
        source=source,
        pictures=pictures,
        geometries=_geometries(
            settings.model_copy(update={"state_dir": states}),
            selections(symbols, source),
            windows=pictures is None,
        ),
        config=settings.named,
        secure=secure,
    )


def _geometries(settings: Settings, shown: Mapping[str, Selection], *, windows: bool) -> tuple[Geometry | None, ...]:
    """Positions of the windows; None for each without windows."""
    if not windows:
        return (None,) * len(shown)
    return tuple(geometries(settings, [memory_file(settings, view, selection) for view, selection in shown.items()]))


def _in_use(data: Path) -> bool:
    """Whether a broker holds the directory."""
    if not data.exists():
        return False
    try:
        with FileLock(data / "lock", patience=0.0):
            return False
    except Locked:
        return True


def _port(wanted: int, reporter: Reporter) -> int:
    if is_free(wanted):
        return wanted
    port = free_port()
    reporter.note(f"port {wanted} is taken: the demo's broker listens on {port}")
    return port


def _page(reporter: Reporter) -> int | None:
    """A port for the page; None, said in a line, if it is not installed."""
    try:
        require_web()
        require_assets()
    except StockstreamError as error:
        reporter.note(f"no page: {error}")
        return None
    return PAGE_PORT if is_free(PAGE_PORT) else free_port()


def _sample(settings: Settings) -> Path:
    """The shipped sample; created if only the package is installed."""
    files = (SAMPLE, Path(stockstream.__file__).parents[1] / SAMPLE)
    made = settings.cache_dir / SAMPLE.name
    for file in (*files, made):
        if file.is_file():
            return file
    made.parent.mkdir(parents=True, exist_ok=True)
    with replacing(made) as beside:
        beside.write_bytes(sample_flights())
    return made


def _pictures(settings: Settings, reporter: Reporter, *, headless: bool) -> Path | None:
    """Folder for pictures; None for windows."""
    if not headless:
        try:
            toolkits.choose(settings.window.backend)
        except DisplayError as error:
            reporter.note(error.message)
        else:
            return None
    for view in selections(settings.demo.symbols, SIMULATED):
        picture = PICTURES / f"{view}.png"
        if picture.exists() and not is_ours(picture):
            raise StockstreamError(
                f"{picture.absolute()} exists and stockstream did not write it",
                hint="move it, or start in another folder",
            )
    reporter.note(f"the windows are drawn to {PICTURES}/bollinger.png, aroon.png and flights.png")
    PICTURES.mkdir(exist_ok=True)
    return PICTURES


def _bring_up(plan: Plan, supervisor: Supervisor, shown: Board) -> None:
    broker = supervisor.start("broker", plan.command(*plan.broker()), rank=_BROKER)
    windows = list(plan.windows().items())
    # What waits for the broker anyway loads meanwhile on the other cores; but a secure one makes the passwords first.
    early = 0 if plan.secure else max(1, (os.cpu_count() or 1) - 1)
    for name, arguments in windows[:early]:
        supervisor.start(name, plan.command(*arguments), rank=_WINDOWS)
    while not _answers(plan):
        if not broker.alive:
            raise BrokerError(f"the broker did not start: {broker.why()}")
        shown.report()
        time.sleep(_BEAT)
    for name, arguments in plan.producers().items():
        supervisor.start(name, plan.command(*arguments), rank=_PRODUCERS)
    if plan.page is not None:
        supervisor.start("web", plan.command(*plan.web()), rank=_PRODUCERS)
    for name, arguments in windows[early:]:
        supervisor.start(name, plan.command(*arguments), rank=_WINDOWS)
    patience = time.monotonic() + _UP_WITHIN
    while any(child.state is State.STARTING for child in supervisor.children) and time.monotonic() < patience:
        shown.report()
        time.sleep(_BEAT)


def _answers(plan: Plan) -> bool:
    if is_free(plan.port):
        return False
    connection = plan.connection()
    try:
        if connection is None:
            return False
        Admin(connection, timeout=1.0).names()
    except (Unreachable, AuthError):  # it creates its users shortly after it answers
        return False
    return True
