"""``stockstream produce readings``, ``stdin``, ``http`` and ``mqtt``: bars of any stream of numbers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, cast
from zoneinfo import ZoneInfo

import typer

from stockstream.cli.context import Context
from stockstream.cli.option_groups import grouped
from stockstream.cli.panels import CHOICE, READING, RUN
from stockstream.cli.produce.bar_options import FormingOption, IntervalOption, ZoneOption
from stockstream.cli.produce.run_options import StreamOptions
from stockstream.cli.produce.sending import Position, await_broker, send
from stockstream.cli.produce.stocks import Tally, checks_of, for_seconds
from stockstream.cli.topic_changes import kept
from stockstream.config_sections import ReadingsSettings
from stockstream.errors import BadRow
from stockstream.producers.aggregator import LATENESS, Aggregator, Origin
from stockstream.producers.readings.bars import ReadingBars
from stockstream.producers.readings.fields import Extractor, Fields, Value, part_of
from stockstream.producers.readings.files import FileReadings
from stockstream.producers.readings.pipe import Readable, lines
from stockstream.producers.readings.reading import Reading
from stockstream.producers.readings.rows import Rows
from stockstream.records import READINGS
from stockstream.topics import STOCKS

FOLLOWED: Final = timedelta(days=1)
"""How late a line that is added to a followed file may be."""


def known_paths(paths: list[str] | None) -> list[str] | None:
    """Check what names parts of documents. Raises typer.BadParameter."""
    for path in paths or ():
        known_path(path)
    return paths


def known_path(path: str | None) -> str | None:
    """Check what names a part of a document. Raises typer.BadParameter."""
    if path is not None:
        try:
            part_of(path)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    return path


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """Where readings stand, and what bars are made of them; None is as the section ``readings`` of the settings."""

    interval: IntervalOption = None
    symbol: Annotated[
        str | None,
        typer.Option(
            "--symbol",
            metavar="NAME",
            help="Name of the series, where the data do not name it.",
            rich_help_panel=CHOICE,
        ),
    ] = None
    value: Annotated[
        list[str] | None,
        typer.Option(
            "--value",
            metavar="PATH",
            callback=known_paths,
            help="Column, key or JMESPath of the value, such as current.temperature_2m; again for more values, each of "
            "which is a series NAME.VALUE.",
            rich_help_panel=READING,
        ),
    ] = None
    unit: Annotated[
        list[str] | None,
        typer.Option("--unit", metavar="UNIT", help="Unit of the value, or of each in turn.", rich_help_panel=READING),
    ] = None
    time: Annotated[
        str | None,
        typer.Option(
            "--time",
            metavar="PATH",
            callback=known_path,
            help="Column, key or JMESPath of the time: ISO 8601 or an epoch.",
            rich_help_panel=READING,
        ),
    ] = None
    symbol_from: Annotated[
        str | None,
        typer.Option(
            "--symbol-from",
            metavar="PATH",
            callback=known_path,
            help="Column, key or JMESPath of the series' name.",
            rich_help_panel=READING,
        ),
    ] = None
    tz: ZoneOption = None
    forming: FormingOption = False

    def fields(self, settings: ReadingsSettings) -> Fields:
        """Where the readings stand."""
        units = self.unit or ([settings.unit] if settings.unit else [])
        if self.value:
            if len(units) > len(self.value):
                raise typer.BadParameter(f"{len(units)} units for {len(self.value)} values", param_hint="--unit")
            values = tuple(Value(path, unit) for path, unit in zip(self.value, _filled(units, self.value), strict=True))
        elif settings.values:
            values = tuple(Value(path, unit) for path, unit in settings.values.items())
        else:
            values = (Value(settings.value, units[0] if units else None),)
        return Fields(
            values,
            self.time or settings.time,
            self.symbol_from or settings.symbol,
            self.symbol,
            self.zone(settings),
        )

    def zone(self, settings: ReadingsSettings) -> ZoneInfo | None:
        """The zone of times without an offset, and of days."""
        name = self.tz or settings.tz
        return ZoneInfo(name) if name else None


def _filled(units: list[str], values: list[str]) -> list[str | None]:
    return [*units, *[None] * (len(values) - len(units))]


@dataclass(frozen=True)
class _Stream:
    """What is the same for all streams: options, settings, and the aggregator."""

    context: Context
    options: ReadingOptions
    run: StreamOptions
    source: str
    lateness: timedelta | None = LATENESS

    @property
    def fields(self) -> Fields:
        return self.options.fields(self.context.settings.readings)

    def bars(self, readings: Iterable[Reading | BadRow | None], *, live: bool = True) -> ReadingBars:
        """The bars of readings, which end after the seconds that were asked for."""
        settings, options, clock = self.context.settings.readings, self.options, self.context.clock
        origin = Origin(self.source, READINGS, zone=options.zone(settings))
        aggregator = Aggregator(options.interval or settings.interval, origin, lateness=self.lateness)
        limited: Iterable[Reading | BadRow | None] = for_seconds(readings, self.run.seconds, clock)
        return ReadingBars(
            limited,
            aggregator,
            origin,
            forming=options.forming,
            live=live,
            checks=checks_of(self.context.settings),
            clock=clock,
        )

    def send(self, bars: ReadingBars, doing: Callable[[], str] = str) -> None:
        """Send them, and tell what was sent."""
        tally = Tally()
        send(
            self.context,
            kept(STOCKS, self.run.retention),
            bars,
            run=replace(self.run, seconds=None),
            counted=tally.count,
            position=lambda: Position(bars.readings, None, doing()),
            already=lambda: bars.already,
            rest=bars.rest,
        )
        self.context.reporter.note(_counts(bars))
        tally.report(self.context.reporter)


def _counts(bars: ReadingBars) -> str:
    repeated = f", and {bars.repeated:,} repeated ones" if bars.repeated else ""
    late = f"; {bars.late:,} came too late" if bars.late else ""
    return f"{bars.readings:,} reading{'' if bars.readings == 1 else 's'}{repeated}{late}"


@grouped(options=ReadingOptions, run=StreamOptions)
def stdin(ctx: typer.Context, options: ReadingOptions, run: StreamOptions) -> None:
    """Send bars of readings from a pipe.

    Lines are JSON ({"symbol": "BERLIN", "time": "2026-03-19T14:30:00Z", "value": 21.5}), or CSV whose first line names
    the columns symbol, time and value, or bare numbers with --symbol. A line without a time counts at its arrival.

    Ends with the pipe. A pipe cannot be read again: if the command is killed, the readings of the current period are
    lost. Ctrl-C sends them as a forming bar.
    """
    context = Context.of(ctx)
    stream = _Stream(context, options, run, "stdin")
    if sys.stdin.isatty():
        context.reporter.note("reading from the terminal; Ctrl-D ends")
    rows = Rows("standard input", stream.fields, context.clock.now)
    await_broker(context, kept(STOCKS, run.retention))

    def readings() -> Iterator[Reading | BadRow | None]:
        for some in lines(cast("Readable", sys.stdin.buffer)):
            if some is not None:
                yield from rows.readings(some)
            yield None

    stream.send(stream.bars(readings()))


@grouped(options=ReadingOptions, run=StreamOptions)
def readings(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="CSV, JSON lines or Parquet; folders of them; gzip, zip, zstd."),
    ],
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", help="Continue with lines that are added, and with new files in folders.", rich_help_panel=RUN
        ),
    ] = False,
    *,
    options: ReadingOptions,
    run: StreamOptions,
) -> None:
    """Send bars of readings from files.

    Options, or the section readings of config.yaml, name the columns of time, series and value. Without a column of
    names, a series is named after its file.

    A bar is made of all readings of its period, in any order and from any file. Run again, the command sends only bars
    that the topic does not hold or that changed: nothing is lost or counted twice.
    """
    context = Context.of(ctx)
    stream = _Stream(context, options, run, "file", lateness=None)
    topic = kept(STOCKS, run.retention)
    source = FileReadings(files, stream.fields, follow=follow, reporter=context.reporter, clock=context.clock)
    source.check()  # before waiting for a broker
    await_broker(context, topic)
    bars = stream.bars(source, live=False)
    bars.hold_until(
        lambda: source.complete,
        lambda series: context.outlet.held_bars(STOCKS, series),
        FOLLOWED if follow else None,
    )
    stream.send(bars, lambda: source.doing)


@grouped(options=ReadingOptions, run=StreamOptions)
def http(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of the service; it answers with JSON.")],
    every: Annotated[
        float,
        typer.Option("--every", metavar="SECONDS", min=0.1, help="Time between two requests.", rich_help_panel=RUN),
    ] = 10.0,
    *,
    options: ReadingOptions,
    run: StreamOptions,
) -> None:
    """Send bars of readings from a web service.

    The service answers with JSON. --value and --time say where they are in an answer; an answer without a time counts
    at its arrival. A reading with the time and value of a former one is the same reading, so --every may be
    shorter than the interval at which the service measures.

    If the service does not answer or limits the rate (429), the command tries again later.
    """
    from stockstream.producers.readings.http import Endpoint, EndpointReadings

    context = Context.of(ctx)
    stream = _Stream(context, options, run, "http")
    extractor = Extractor(stream.fields)
    source = EndpointReadings(Endpoint(url), extractor, every, reporter=context.reporter, clock=context.clock)
    stream.send(stream.bars(source), lambda: source.doing)


@grouped(options=ReadingOptions, run=StreamOptions)
def mqtt(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="HOST:PORT", help="Address of the MQTT broker.")],
    topics: Annotated[list[str], typer.Argument(metavar="TOPIC", help="Topics, with + and # for any.")],
    tls: Annotated[
        bool, typer.Option("--tls", help="Use TLS; the default port is then 8883.", rich_help_panel=RUN)
    ] = False,
    qos: Annotated[
        int, typer.Option("--qos", metavar="0|1|2", min=0, max=2, help="Quality of service.", rich_help_panel=RUN)
    ] = 1,
    client_id: Annotated[
        str | None,
        typer.Option(
            "--client-id",
            metavar="NAME",
            help="The broker keeps messages for this name while the command does not run.",
            rich_help_panel=RUN,
        ),
    ] = None,
    *,
    options: ReadingOptions,
    run: StreamOptions,
) -> None:
    """Send bars of readings from an MQTT broker.

    A message is a number, or JSON in which --value says where the number is. A series is named after its topic, with
    dots for slashes, unless --symbol or --symbol-from names it. A message without a time counts at its arrival.

    The environment variables MQTT_USERNAME and MQTT_PASSWORD hold the credentials.
    """
    from stockstream.producers.readings.mqtt import MqttBroker, MqttReadings, broker_at

    context = Context.of(ctx)
    stream = _Stream(context, options, run, "mqtt")
    try:
        host, port = broker_at(address, tls=tls)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="HOST:PORT") from None
    username, password = (os.environ.get(f"MQTT_{name}") for name in ("USERNAME", "PASSWORD"))
    broker = MqttBroker(host, port, tls, client_id, username, password, qos)
    source = MqttReadings(broker, topics, Extractor(stream.fields), reporter=context.reporter, clock=context.clock)
    await_broker(context, kept(STOCKS, run.retention))
    stream.send(stream.bars(source), lambda: source.doing)
