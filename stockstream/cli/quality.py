"""``stockstream quality``: what is wrong with the bars of a topic, by series."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from stockstream.cli import completion, outputs
from stockstream.cli.context import Context
from stockstream.cli.hours import opens_of
from stockstream.cli.outputs import ForceOption
from stockstream.cli.panels import FILES
from stockstream.cli.series import everything
from stockstream.cli.text import printable, span, table
from stockstream.kafka.admin import Admin
from stockstream.kafka.waiting import no_topic
from stockstream.names import cut, listed
from stockstream.periods import intraday
from stockstream.records import CHANGED, FROZEN, IMPOSSIBLE, JUMP, OFF_GRID, OUTSIDE, PARTIAL, UNCONFIRMED
from stockstream.topics import STOCKS
from stockstream.views.quality import CRITERIA, Quality, SeriesQuality, freshness

_PATIENCE = 10.0
_HOLES = 3
"""Holes of a series that are named; the others are counted."""


_FLAGS = (IMPOSSIBLE, OFF_GRID, OUTSIDE, PARTIAL, JUMP, FROZEN, CHANGED, UNCONFIRMED)
"""Flags that may be named alone."""


def _known_criteria(text: str | None) -> str | None:
    for name in text.split(",") if text else ():
        if name not in (*CRITERIA, *_FLAGS, "stale", "any"):
            raise typer.BadParameter(f"{cut(name)!r} is not one of {', '.join((*CRITERIA, *_FLAGS))}, stale, any")
    return text


def quality(
    ctx: typer.Context,
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="The topic of bars: stocks.")] = STOCKS.name,
    symbols: Annotated[
        list[str] | None,
        typer.Argument(metavar="SYMBOL", help="Only these symbols.", autocompletion=completion.symbols),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.png", help="Also draw the bars of each day.", rich_help_panel=FILES),
    ] = None,
    force: ForceOption = False,
    fail_on: Annotated[
        str | None,
        typer.Option(
            "--fail-on",
            metavar="WHAT,...",
            callback=_known_criteria,
            help=f"Exit code 1 if a series has one of {', '.join(CRITERIA)}, stale, any, or a flag such as jump.",
        ),
    ] = None,
    stale_after: Annotated[
        float, typer.Option("--stale-after", metavar="MINUTES", min=0.0, help="Age of a series that is stale.")
    ] = 60.0,
) -> None:
    """Report the quality of bars, by series.

    Counts bars, gaps, duplicates, revisions and flags; names the first and the last bar, and the age of the newest one.
    Gaps are judged by the exchange's calendar, which the section calendars of config.yaml names; without one they
    are not judged.
    """
    context = Context.of(ctx)
    if topic != STOCKS.name:
        raise typer.BadParameter(f"{cut(topic)!r} has no bars: name {STOCKS.name}", param_hint="TOPIC")
    outputs.check(plot, outputs.PICTURE, "--plot", force=force)
    connection = context.settings.connection("consumer")
    if STOCKS.name not in Admin(connection, timeout=_PATIENCE).names():
        raise no_topic(STOCKS.name, connection)
    found = Quality()
    wanted = set(symbols or ())
    for bars in everything(connection):
        for bar in bars:
            if not wanted or bar.symbol in wanted:
                found.add(bar)
    rows = found.report(lambda series, _: opens_of(context.settings, series))
    now = datetime.now(UTC)
    context.reporter.result(_json(rows, now) if as_json else _text(rows, now))
    if plot is not None:
        from stockstream.charts.quality import draw

        draw(plot, {each.series: found.times(each.series) for each in rows})
        context.reporter.note(f"wrote {plot}")
    absent = sorted(wanted - {each.series.symbol for each in rows})
    if absent:
        context.reporter.warn(f"there are no bars of {printable(listed(absent))}")
    wrong = _failures(rows, (fail_on or "").split(","), now, timedelta(minutes=stale_after))
    for line in wrong:
        context.reporter.warn(line)
    if wrong or (absent and fail_on):
        raise typer.Exit(1)


def _text(rows: Sequence[SeriesQuality], now: datetime) -> str:
    if not rows:
        return "no bars"
    header = ["SERIES", "BARS", "GAPS", "DUPLICATES", "REVISIONS", "FLAGS", "FIRST", "LAST", "AGE"]
    lines = []
    details = []
    for each in rows:
        age = freshness(each, now)
        lines.append(
            [
                cut(printable(str(each.series))),
                f"{each.bars:,}",
                "not judged" if each.missing is None else f"{each.missing:,}",
                f"{each.repeats:,}",
                f"{each.revisions:,}",
                f"{sum(each.flags.values()):,}",
                _moment(each.first, each.series.interval),
                _moment(each.last, each.series.interval),
                "-" if age is None else span(age.total_seconds()),
            ]
        )
        details += _details(each)
    right = ["BARS", "GAPS", "DUPLICATES", "REVISIONS", "FLAGS"]
    return "\n".join([table(header, lines, right=right), *([""] if details else []), *details])


def _details(found: SeriesQuality) -> list[str]:
    name = cut(printable(str(found.series)))
    lines = [f"{name}: {count:,} {printable(reason)}" for reason, count in sorted(found.flags.items())]
    for kind, names in (("currency", found.currencies), ("zone", found.zones)):
        if len(names) > 1:
            lines.append(f"{name}: its {kind} changed: {listed(sorted(map(printable, names)))}")
    for start, count in found.holes[:_HOLES]:
        lines.append(f"{name}: {count:,} bars missing from {_moment(start, found.series.interval)}")
    if len(found.holes) > _HOLES:
        lines.append(f"{name}: {len(found.holes) - _HOLES:,} more gaps")
    return lines


def _json(rows: Sequence[SeriesQuality], now: datetime) -> str:
    found: list[dict[str, object]] = []
    for each in rows:
        age = freshness(each, now)
        found.append(
            {
                **each.series._asdict(),
                "bars": each.bars,
                "missing": each.missing,
                "gaps": [{"from": start, "bars": count} for start, count in each.holes],
                "duplicates": each.repeats,
                "revisions": each.revisions,
                "flags": dict(sorted(each.flags.items())),
                "currencies": sorted(each.currencies),
                "zones": sorted(each.zones),
                "first": each.first,
                "last": each.last,
                "age_seconds": None if age is None else round(age.total_seconds()),
            }
        )
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def _failures(rows: Iterable[SeriesQuality], wanted: Sequence[str], now: datetime, limit: timedelta) -> list[str]:
    """A line for each series that is to fail."""
    lines = []
    for each in rows:
        age = freshness(each, now)
        reasons = each.reasons() + (["stale"] if age is not None and age > limit else [])
        kinds = {reason: reason.partition(":")[0] for reason in reasons}
        hit = [each for each in reasons if kinds[each] in wanted or ("any" in wanted and each != "stale")]
        if hit:
            lines.append(f"{printable(str(each.series))}: {', '.join(map(printable, hit))}")
    return lines


def _moment(time: datetime | None, interval: str) -> str:
    if time is None:
        return "-"
    return f"{time:%Y-%m-%d %H:%M}Z" if intraday(interval) else f"{time:%Y-%m-%d}"
