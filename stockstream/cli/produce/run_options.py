"""Options of every producer: how fast, how much, which span, and how often."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Annotated

import typer

from stockstream.cli.panels import CHOICE, RUN
from stockstream.cli.serving import MetricsOption
from stockstream.cli.topic_changes import RetentionOption
from stockstream.names import cut
from stockstream.producers.pacing import Limits


def _moment(text: str | None) -> str | None:
    if text is not None:
        moment_of(text)
    return text


def moment_of(text: str) -> datetime:
    """An instant, or a day's beginning, in UTC. Raises typer.BadParameter.

    >>> moment_of("2026-03-02").isoformat(), moment_of("2026-03-02T09:30-05:00").isoformat()
    ('2026-03-02T00:00:00+00:00', '2026-03-02T14:30:00+00:00')
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{cut(text)!r} is not a time such as 2026-03-02 or 2026-03-02T14:30") from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


RateOption = Annotated[
    float | None,
    typer.Option(
        "--rate",
        metavar="N",
        min=0.001,
        help="Send N records a second; by default at full speed, or as they arrive.",
        rich_help_panel=RUN,
    ),
]
SpeedOption = Annotated[
    float | None,
    typer.Option(
        "--speed",
        metavar="X",
        min=0.001,
        help="Send at X times real time, by the times of the records.",
        rich_help_panel=RUN,
    ),
]
BurstOption = Annotated[
    int,
    typer.Option(
        "--burst", metavar="N", min=1, help="With --rate: up to N records at once, then a pause.", rich_help_panel=RUN
    ),
]
CountOption = Annotated[
    int | None, typer.Option("--count", metavar="N", min=1, help="End after N records.", rich_help_panel=RUN)
]
SecondsOption = Annotated[
    float | None, typer.Option("--seconds", metavar="N", min=0.0, help="End after N seconds.", rich_help_panel=RUN)
]
StartOption = Annotated[
    str | None,
    typer.Option(
        "--start",
        metavar="DATE",
        callback=_moment,
        help="Only records from this time on, UTC: 2026-03-02 or 2026-03-02T14:30.",
        rich_help_panel=CHOICE,
    ),
]
EndOption = Annotated[
    str | None,
    typer.Option(
        "--end",
        metavar="DATE",
        callback=_moment,
        help="Only records up to this day, included, or before this time.",
        rich_help_panel=CHOICE,
    ),
]
LoopOption = Annotated[
    int,
    typer.Option(
        "--loop", metavar="N", min=0, help="Send everything N times; 0 means until stopped.", rich_help_panel=RUN
    ),
]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How any source is sent; None is without limit."""

    rate: RateOption = None
    speed: SpeedOption = None
    burst: BurstOption = 1
    seconds: SecondsOption = None
    start: StartOption = None
    end: EndOption = None
    retention: RetentionOption = None
    metrics: MetricsOption = None

    def __post_init__(self) -> None:
        if self.rate is not None and self.speed is not None:
            raise typer.BadParameter("either --rate or --speed, not both")
        if self.burst > 1 and self.rate is None:
            raise typer.BadParameter("--burst needs a --rate")
        if self.start and self.end and moment_of(self.start) >= _end(self.end):
            raise typer.BadParameter(f"--start {self.start} is not before --end {self.end}")

    @property
    def paced(self) -> bool:
        """Whether records are held back, so that each is to go at once in its time."""
        return self.rate is not None or self.speed is not None

    @property
    def limits(self) -> Limits:
        """What of the source is sent."""
        start = moment_of(self.start) if self.start else None
        return Limits(start, _end(self.end) if self.end else None, self.speed, self._most, self.seconds)

    @property
    def _most(self) -> int | None:
        return None


@dataclass(frozen=True, kw_only=True)
class StreamOptions(RunOptions):
    """How a source is sent of which the first records can be had alone."""

    count: CountOption = None

    @property
    def _most(self) -> int | None:
        return self.count


@dataclass(frozen=True, kw_only=True)
class ReplayOptions(StreamOptions):
    """How a source is sent that can be read again."""

    loop: LoopOption = 1

    def passes(self) -> Iterable[int]:
        """The numbers of the passes, from 0."""
        return count() if self.loop == 0 else range(self.loop)


def _end(text: str) -> datetime:
    """The instant before which records are: a day is included."""
    return moment_of(text) + (timedelta(days=1) if len(text) <= len("2026-03-02") else timedelta())
