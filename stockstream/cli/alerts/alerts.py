"""``stockstream alerts``: evaluates rules over the bars of the topic, and sends what comes of them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stockstream.alerts.configured import rules_of, symbols_of
from stockstream.alerts.rule import Rule
from stockstream.cli import completion
from stockstream.cli.alerts import records, testing
from stockstream.cli.commands import Command, Group, examples
from stockstream.cli.context import Context, Invocation
from stockstream.cli.metrics import AlertMetrics
from stockstream.cli.panels import CHOICE, RUN
from stockstream.cli.produce.sending import stopping
from stockstream.cli.serving import Endpoint, MetricsOption, measured
from stockstream.errors import ConfigError
from stockstream.producers.produce import Meter
from stockstream.services.watchdog import Watchdog

if TYPE_CHECKING:  # Kafka and NumPy are slow to import, and `--help` does not need them
    from stockstream.alerts.dispatcher import Dispatcher
    from stockstream.alerts.heartbeat import Heartbeat
    from stockstream.alerts.runner import Look, Summary
    from stockstream.alerts.sinks.sink import Sink
    from stockstream.cli.alerts.level_feed import LevelFeed
    from stockstream.cli.reporter import Reporter
    from stockstream.config import Settings
    from stockstream.records import Alert

app = typer.Typer(cls=Group)

_DRAIN = 30.0
"""Seconds in which all sinks have to take what is left at the end of a run with ``--once``."""


@app.callback(invoke_without_command=True)
def alerts(
    ctx: typer.Context,
    rule: Annotated[
        list[str] | None,
        typer.Option(
            "--rule",
            metavar="RULE",
            help="A rule in place of those of config.yaml, such as 'close > 180'; may be repeated.",
            rich_help_panel=CHOICE,
        ),
    ] = None,
    symbols: Annotated[
        str | None,
        typer.Option(
            "--symbols",
            metavar="A,B,@GROUP",
            help="Symbols and groups of the rules given by --rule; all by default.",
            autocompletion=completion.symbols,
            rich_help_panel=CHOICE,
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="End when all bars of the topic are evaluated.", rich_help_panel=RUN)
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(min=0.0, metavar="SECONDS", help="End after this time.", rich_help_panel=RUN)
    ] = None,
    heartbeat: Annotated[
        float,
        typer.Option(
            "--heartbeat",
            min=0.0,
            metavar="SECONDS",
            help="Tell windows and `stockstream doctor` so often that it runs; 0 for never.",
            rich_help_panel=RUN,
        ),
    ] = 30.0,
    metrics: MetricsOption = None,
) -> None:
    """Evaluate the rules of config.yaml over the bars of the topic; send alerts to the topic alerts and to the sinks.

    Each alert comes once, whatever ends the process. docs/alerts.md describes the language of rules.
    """
    if ctx.invoked_subcommand is not None:
        return
    context = Context.of(ctx)
    rules = _chosen(context, rule or (), symbols)
    if not rules:
        raise ConfigError(
            "there are no rules", hint="write some to alerts.rules of config.yaml, or name one: --rule 'close > 180'"
        )
    _run(ctx, rules, _Options(once, seconds, 0.0 if once else heartbeat, metrics, levels=not rule))


def _chosen(context: Context, texts: Sequence[str], symbols: str | None) -> list[Rule]:
    """The rules of the command line, or those of the settings."""
    settings = context.settings
    if not texts:
        if symbols is not None:
            raise typer.BadParameter("needs --rule: the rules of config.yaml name their own", param_hint="--symbols")
        return rules_of(settings)
    names = [each.strip() for each in (symbols or "").split(",") if each.strip()]
    wanted = symbols_of(settings, names, ())
    found: dict[str, Rule] = {}
    for text in texts:
        found[" ".join(text.split())] = testing.rule_of(text, wanted, "--rule", context.reporter.note)
    return list(found.values())


@dataclass(frozen=True)
class _Options:
    """How rules are run; ``levels`` says that the price levels of the settings are among them."""

    once: bool
    seconds: float | None
    heartbeat: float
    metrics: Endpoint | None
    levels: bool


def _run(ctx: typer.Context, rules: Sequence[Rule], options: _Options) -> None:
    from stockstream.alerts.heartbeat import Heartbeat
    from stockstream.alerts.run_state import state_name
    from stockstream.alerts.runner import Runner, RunOptions
    from stockstream.alerts.sinks.catalog import make_sinks

    context = Context.of(ctx)
    settings = context.settings
    sinks = make_sinks(settings.alerts.sinks, settings.alerts.sink_options, context.reporter.result)
    Invocation.of(ctx).warn_of_plugins()
    figures = AlertMetrics(context.command)
    delivery = _Delivery(sinks, context.reporter, figures)
    levels = _levels(settings, rules) if options.levels else None
    beats = Heartbeat(
        settings.connection("consumer"), state_name(rules), options.heartbeat,
        levels=levels is not None, rules=len(rules),
    )  # fmt: skip
    observer = _Observer(context.reporter, beats, figures, levels)
    runner = Runner(
        rules, settings.connection("consumer"), settings.state_dir, observer, delivery,
        hours=testing.hours_for(context, rules),
        look=_look(settings) if any(each.of_topics for each in rules) else None,
        levels=levels.levels if levels else None,
    )  # fmt: skip
    began = time.monotonic()
    with levels or nullcontext(), measured(figures, options.metrics, context.reporter), stopping() as stop:
        try:
            run = RunOptions(once=options.once, seconds=options.seconds)
            summary = runner.run(run, lambda: stop.signal is not None)
        finally:
            beats.stop()
            delivered = delivery.close(_DRAIN if options.once else 1.0)
    if not delivered:
        context.reporter.warn("some alerts wait for a sink: they are sent at the next start")
    context.reporter.note(_last_line(summary, len(rules), time.monotonic() - began, stopped=stop.signal is not None))
    if stop.signal is not None:
        raise typer.Exit(128 + stop.signal)


def _levels(settings: Settings, rules: Sequence[Rule]) -> LevelFeed | None:
    """The price levels that people set; None where no bars are read, because all rules are about topics."""
    from stockstream.cli.alerts.level_feed import LevelFeed

    return None if all(each.of_topics for each in rules) else LevelFeed(settings.connection("consumer"))


def _look(settings: Settings) -> Look:
    from stockstream.alerts.topic_values import TopicLook

    return TopicLook(settings.connection("monitor"), settings.data_dir)


class _Delivery:
    """Hands alerts on to the sinks: `Delivery` for real."""

    def __init__(self, sinks: Mapping[str, Sink], reporter: Reporter, figures: AlertMetrics) -> None:
        self._sinks = sinks
        self._reporter = reporter
        self._figures = figures
        self._path: Path | None = None
        self._dispatcher: Dispatcher | None = None

    def begin(self, folder: Path | None) -> None:
        from stockstream.alerts.dispatcher import Dispatcher
        from stockstream.alerts.left_alerts import OUTBOX, take_over

        self.close(1.0)
        if folder is not None:
            self._path = folder / OUTBOX
            self._dispatcher = Dispatcher(self._path, self._sinks, self._reporter)
            left = take_over(folder)
            if left:
                self._reporter.note(f"{left:,} {'alert' if left == 1 else 'alerts'} of former rules waited: sent now")
            self._figures.sinks = self._dispatcher.progress
            self._dispatcher.start()

    def put(self, alerts: Sequence[Alert]) -> None:
        from stockstream.alerts.outbox import Outbox

        self._figures.count(alerts)
        if self._dispatcher is not None and self._path is not None and alerts:
            with closing(Outbox(self._path)) as outbox:
                outbox.add(alerts)
            self._dispatcher.wake()

    def close(self, seconds: float) -> bool:
        """Wait until the sinks have taken all; returns whether they have."""
        if self._dispatcher is None:
            return True
        done = self._dispatcher.drain(seconds)
        self._figures.sinks = dict
        self._dispatcher.close()
        self._dispatcher = None
        return done


class _Observer:
    """Shows the progress of a run, and lets others see that it goes on."""

    def __init__(self, reporter: Reporter, beats: Heartbeat, figures: AlertMetrics, levels: LevelFeed | None) -> None:
        self._reporter = reporter
        self._beats = beats
        self._levels = levels
        self._figures = figures
        self._watchdog = Watchdog()
        self._meter = Meter()
        self._began = time.monotonic()

    def progress(self, bars: int, state: str) -> None:
        self._watchdog.tick()
        self._beats.tick()
        if self._levels is not None:
            self._read_levels(self._levels)
        rate = self._meter.rate(bars, time.monotonic() - self._began)
        self._figures.update(bars, rate)
        self._reporter.progress(bars, None, rate, f"alerts, {state}")

    def _read_levels(self, feed: LevelFeed) -> None:
        feed.tick()
        error = feed.levels.error
        if error is not None and self._beats.levels:
            self._beats.levels = False
            self._reporter.warn(f"levels that people set are watched no longer: {error}")

    def warn(self, text: str) -> None:
        self._reporter.warn(text)


def _last_line(summary: Summary, rules: int, seconds: float, *, stopped: bool) -> str:
    counts = [
        f"{summary.raised:,} {'alert' if summary.raised == 1 else 'alerts'}",
        *([f"{summary.withdrawn:,} withdrawn"] if summary.withdrawn else []),
    ]
    bars = f"{summary.bars:,} {'bar' if summary.bars == 1 else 'bars'}"
    of = f"{rules:,} {'rule' if rules == 1 else 'rules'}"
    return f"{', '.join(counts)} of {bars} by {of} ({seconds:.1f} s)" + (" (stopped)" if stopped else "")


app.command(
    "test",
    cls=Command,
    epilog=examples(
        "alerts test 'close crosses above sma(20)' --symbol AAPL",
        "alerts test 'rsi < 30 for 3 bars interval 15m' --symbol AAPL --plot rsi.png",
    ),
)(testing.try_rule)
app.command("list", cls=Command, epilog=examples("alerts list", "alerts list --symbol AAPL --json"))(records.list_all)
app.command("show", cls=Command, epilog=examples("alerts show 99576589614f3b83"))(records.show)
app.command("acknowledge", cls=Command, epilog=examples("alerts acknowledge 99576589614f3b83"))(records.acknowledge)
app.command("mute", cls=Command, epilog=examples("alerts mute high --for 2h", "alerts mute high --symbol AAPL --end"))(
    records.mute
)
