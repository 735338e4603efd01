"""``stockstream monitor``: brokers, topics, consumer groups and dead letters, updated in the terminal."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Annotated, Final, Protocol

import msgspec
import typer
from rich.console import Console
from rich.live import Live

from stockstream.cli.context import Context
from stockstream.cli.metrics import ClusterMetrics
from stockstream.cli.monitor.alert_runs import AlertRuns
from stockstream.cli.monitor.scrape import Scraper
from stockstream.cli.monitor.screen import Screen, Seen, line
from stockstream.cli.reporter import PersonReporter
from stockstream.cli.serving import LOOPBACK, Endpoint, endpoint, served
from stockstream.kafka.monitor import Monitor
from stockstream.names import harmless

EVERY: Final = 1.0
"""Seconds between two samples."""

LINE_EVERY: Final = 10.0
"""Seconds between two lines without a terminal."""

LOOK_FOR: Final = 3.0
"""Seconds that ``--once`` samples, because rates and trends need several samples."""

GIVE_UP: Final = 10.0
"""Seconds that ``--once`` waits for a broker."""

_PLAIN_WIDTH: Final = 140


def monitor(
    ctx: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Sample for a few seconds, print once and end.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, one object a line: each second, or with --once a single one.")
    ] = False,
    prometheus: Annotated[
        int | None,
        typer.Option(
            "--prometheus",
            metavar="PORT",
            min=0,
            max=65535,
            help="Also serve the figures as metrics; 0 means any free port.",
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            "--host", metavar="HOST", help="Address on which --prometheus listens; by default only this machine."
        ),
    ] = LOOPBACK,
    scrape: Annotated[
        list[Endpoint] | None,
        typer.Option(
            "--scrape",
            metavar="[HOST:]PORT",
            parser=endpoint,
            help="Show a producer or window that runs with --metrics PORT; can be repeated.",
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", metavar="N", min=0.0, help="End after N seconds; 3 by default with --once."),
    ] = None,
) -> None:
    """Show brokers, topics, consumer groups and dead letters, once a second; q or Ctrl-C ends it.

    Rates are those of the last 10 seconds: of a topic by its end offsets, of a group by the positions it commits. A
    lag is growing, shrinking or steady over the last 20 seconds.

    While the broker does not answer, it waits and says so.
    """
    if once and prometheus is not None:
        raise typer.BadParameter("either --once or --prometheus, not both", ctx=ctx)
    context = Context.of(ctx)
    scraper = Scraper(scrape or [])
    with ExitStack() as stack:
        runs = stack.enter_context(closing(AlertRuns(context.settings)))
        watched = stack.enter_context(
            closing(Monitor(context.settings.connection("monitor"), context.settings.data_dir))
        )
        metrics, url = ClusterMetrics(), None
        if prometheus is not None:
            url = stack.enter_context(served(metrics, Endpoint(host, prometheus), "--prometheus"))
            context.reporter.note(f"metrics at {url}")
        if once:
            seen = _once(watched, scraper, runs, LOOK_FOR if seconds is None else seconds)
            typer.echo(harmless(_json(seen))) if as_json else _plain(seen)
            return
        display = stack.enter_context(_display(context, url, as_json=as_json))
        for seen in _samples(watched, scraper, runs, seconds, display.wait):
            metrics.update(seen.latest)
            display.update(seen)


def _samples(
    watched: Monitor, scraper: Scraper, runs: AlertRuns, seconds: float | None, wait: Callable[[float], bool]
) -> Iterator[Seen]:
    """A sample each second, until the time is over or ``wait`` returns True."""
    seen: Seen | None = None
    begun = due = time.monotonic()
    while True:
        overview, processes = watched.overview(), scraper.processes()
        alerts = runs.look(overview)
        seen = Seen.first(overview, processes, alerts) if seen is None else seen.then(overview, processes, alerts)
        yield seen
        now = time.monotonic()
        due = min(max(due + EVERY, now), now + EVERY)
        if seconds is not None and due > begun + seconds:
            wait(begun + seconds - now)
            return
        if wait(due - now):
            return


def _once(watched: Monitor, scraper: Scraper, runs: AlertRuns, seconds: float) -> Seen:
    """The last sample after some seconds. Raises `Unreachable` if no broker answers in time."""
    patience = time.monotonic() + GIVE_UP
    while True:
        for seen in _samples(watched, scraper, runs, seconds, _sleep):
            if seen.latest.waiting:
                break
        if not seen.latest.waiting:
            return seen
        if time.monotonic() > patience:
            raise watched.absence()
        time.sleep(EVERY / 4)


def _json(seen: Seen) -> str:
    keys: dict[str, object] = msgspec.structs.asdict(seen.latest)
    return msgspec.json.encode(keys | {"processes": seen.processes, "alerts": seen.alerts}).decode()


def _plain(seen: Seen) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_PLAIN_WIDTH)
    console.print(Screen(seen))


class _Display(Protocol):
    def update(self, seen: Seen) -> None:
        """Show a sample."""

    def wait(self, seconds: float) -> bool:
        """Wait; returns whether the user wants to end."""


@contextmanager
def _display(context: Context, url: str | None, *, as_json: bool) -> Iterator[_Display]:
    console = Console(highlight=False)
    if as_json:
        yield _Lines(_json, every=0.0)
    elif not console.is_terminal or not isinstance(context.reporter, PersonReporter):
        yield _Lines(line, every=LINE_EVERY)
    else:
        with _keys() as pressed, Live(console=console, screen=True, auto_refresh=False) as live:
            yield _Drawn(live, pressed, url)


class _Lines:
    """A line from time to time, and immediately when the broker goes away or returns."""

    def __init__(self, said: Callable[[Seen], str], *, every: float) -> None:
        self._said = said
        self._every = every
        self._last: Seen | None = None
        self._due = 0.0

    def update(self, seen: Seen) -> None:
        changed = self._last is None or self._last.latest.waiting != seen.latest.waiting
        now = time.monotonic()
        if changed or now >= self._due:
            typer.echo(harmless(self._said(seen)))
            self._due = now + self._every - EVERY / 2
        self._last = seen

    def wait(self, seconds: float) -> bool:
        return _sleep(seconds)


class _Drawn:
    """A full screen in the terminal."""

    def __init__(self, live: Live, pressed: Callable[[float], str], url: str | None) -> None:
        self._live = live
        self._pressed = pressed
        self._url = url

    def update(self, seen: Seen) -> None:
        self._live.update(Screen(seen, fit=True, hint="q ends", url=self._url), refresh=True)

    def wait(self, seconds: float) -> bool:
        return "q" in self._pressed(seconds)


def _sleep(seconds: float) -> bool:
    time.sleep(max(0.0, seconds))
    return False


@contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Read keys without echo; yields a function that waits for a time or for a key."""
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield lambda seconds: "q" if _sleep(seconds) else ""
        return
    import termios  # Windows has none
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)

    def pressed(seconds: float) -> str:
        ready, _, _ = select.select([terminal], [], [], max(0.0, seconds))
        if not ready:
            return ""
        return os.read(terminal, 100).decode(errors="replace") or "q"  # nothing to read: the terminal was closed

    def take(*_: object) -> None:
        tty.setcbreak(terminal, termios.TCSADRAIN)

    # After Ctrl-Z the terminal must be as the shell left it.
    continued = signal.signal(signal.SIGCONT, take)
    take()
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGCONT, continued)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
