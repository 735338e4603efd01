"""Sections of the settings and the values that each accepts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat

from stockstream.config_choices import DATABASE, S3_PREFIX, Backend, Theme
from stockstream.intervals import FORM, is_interval


def _interval(name: str) -> str:
    if not is_interval(name):
        raise ValueError(f"should be {FORM}")
    return name


def _names(value: object) -> object:
    return re.split(r"[\s,]+", value.strip()) if isinstance(value, str) else value


def _history(value: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,4}(d|wk|mo|y)|ytd|max", value):
        raise ValueError("should be days, weeks, months or years (5d, 2wk, 3mo, 1y), ytd or max")
    return value


def _levels(value: object) -> object:
    return (value,) if isinstance(value, int | float) else value


Interval = Annotated[str, AfterValidator(_interval)]
History = Annotated[str, AfterValidator(_history)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Levels = Annotated[tuple[FiniteFloat, ...], BeforeValidator(_levels)]


class Section(BaseModel):
    """A part of the settings; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BrokerSettings(Section):
    """``stockstream broker``: where it listens and how much memory Java may take."""

    port: int = Field(default=9092, ge=1, le=65535)
    heap_mb: int = Field(default=512, ge=128)


class WindowSettings(Section):
    """Every window: seconds between two drawings (None: as data arrives), the toolkit, the rows in view, the colours,
    what pictures are saved as, whether it remembers what the user changes, levels of prices to watch by symbol, the
    dead band about any level in percent of it, and how many bars of a series it keeps (None: all), a dashboard less."""

    refresh: FiniteFloat | None = Field(default=None, gt=0)
    backend: Backend = "auto"
    rows: int = Field(default=500, ge=2)
    theme: Theme = "light"
    save_as: Literal["png", "svg", "pdf"] = "png"
    memory: bool = True
    alerts: Mapping[str, Levels] = Field(default_factory=dict)
    alert_band: FiniteFloat = Field(default=0.0, ge=0, le=100)
    keep: int | None = Field(default=100_000, ge=2)
    dashboard_keep: int | None = Field(default=10_000, ge=2)


class SimulatedSettings(Section):
    """``produce simulated``: the bars' interval, seconds between two bars of a symbol, and the walk's seed."""

    interval: Interval = "1m"
    pace: FiniteFloat = Field(default=3.0, ge=0)
    seed: int = 1


class SourceSettings(Section):
    """A source of bars (``produce yahoo``): the bars' interval, how far back to begin, seconds between two requests for
    a symbol and between any two, the file of its key, and its calls a day; None for what is usual there."""

    interval: Interval | None = None
    history: History | None = None
    poll: FiniteFloat | None = Field(default=None, ge=1)
    spacing: FiniteFloat | None = Field(default=None, ge=0)
    key_file: Path | None = None
    calls_a_day: int | None = Field(default=None, ge=1)


class QualitySettings(Section):
    """Which bars are doubtful on entry: deviations from which on a change is a jump, and bars on end at one price."""

    deviations: float = Field(default=10.0, gt=0)
    frozen: int = Field(default=20, ge=2)


class PartitionSettings(Section):
    """Number of partitions with which each topic is created."""

    stocks: int = Field(default=3, ge=1, le=10_000)
    flights: int = Field(default=3, ge=1, le=10_000)


class ReadingsSettings(Section):
    """``produce readings``, ``stdin``, ``http`` and ``mqtt``: the bars' interval; the fields with the time, the name of
    the series and the value, or several values with their units; the unit of a single value; and the zone of times
    without an offset (None: UTC)."""

    interval: Interval = "1m"
    time: str = Field(default="time", min_length=1)
    symbol: str = Field(default="symbol", min_length=1)
    value: str = Field(default="value", min_length=1)
    values: Mapping[str, str | None] = Field(default_factory=dict)
    unit: str | None = None
    tz: str | None = None


class MarketSettings(Section):
    """``produce market``: its sources, the preferred one first; the seconds for which one may fail before the next
    takes over; the bars' interval, how far back to begin; and by symbol how a source writes it (None: it lacks it)."""

    sources: Names = Field(default=("yahoo", "alphavantage"), min_length=1)
    down_after: float = Field(default=120.0, ge=0)
    interval: Interval = "1m"
    history: History = "5d"
    symbols: Mapping[str, Mapping[str, str | None]] = Field(default_factory=dict)


def _folder(value: str) -> str:
    if "://" in value and not S3_PREFIX.fullmatch(value):
        raise ValueError("should be a folder or s3://BUCKET/PREFIX")
    return value


Folder = Annotated[str, Field(min_length=1), AfterValidator(_folder)]


class TablesSettings(Section):
    """``stockstream store``: where the tables are (None: in the data folder), the seconds between two commits and their
    largest number of rows, after how many commits small files are compacted, and the hours for which replaced files
    are kept for readers."""

    dir: Folder | None = None
    every: float = Field(default=10.0, gt=0, le=3600)
    rows: int = Field(default=200_000, ge=1, le=10_000_000)
    compact_after: int = Field(default=100, ge=2)
    keep_hours: float = Field(default=168.0, ge=1)


class CloudSettings(Section):
    """``stockstream cloud``: Glue's database, Athena's work group, and where Athena writes results (None: in
    ``athena-results`` beside the tables)."""

    database: str = Field(default="stockstream", pattern=f"^{DATABASE}$")
    workgroup: str = Field(default="primary", pattern=r"^[A-Za-z0-9._-]{1,128}$")
    results: str | None = Field(default=None, pattern=f"^{S3_PREFIX.pattern}$")


SinkName = Annotated[str, Field(pattern="^[a-z][a-z0-9-]{0,39}$")]


class AlertRuleSettings(Section):
    """A rule of alerts: its name, what it says, its symbols and groups (none: all), and the feed of its bars."""

    name: str = Field(min_length=1, max_length=100, pattern=r"^[^/\s]([^/\n]*[^/\s])?$")
    when: str = Field(min_length=1)
    symbols: Names = ()
    feed: str | None = None


class AlertsSettings(Section):
    """``stockstream alerts``: the rules, the groups of symbols that these name as ``@group``, where alerts are sent, by
    name, and the options of each such sink, whose ``kind`` is its name unless they say otherwise."""

    rules: tuple[AlertRuleSettings, ...] = ()
    groups: Mapping[str, Names] = Field(default_factory=dict)
    sinks: Annotated[tuple[SinkName, ...], BeforeValidator(_names)] = ("terminal",)
    sink_options: Mapping[SinkName, Mapping[str, object]] = Field(default_factory=dict)


class DemoSettings(Section):
    """``stockstream demo``: the symbols that it simulates."""

    symbols: Names = Field(default=("AAPL", "MSFT"), min_length=1)
