"""Screen of the monitor: an overview of a cluster, cut to the size of the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.styled import Styled
from rich.text import Text

from stockstream.cli.monitor.scrape import Process
from stockstream.cli.tables import Items, Row, Section, shares
from stockstream.cli.text import printable, rate, size, span
from stockstream.kafka.overview import GroupOverview, Overview, TopicOverview, TopicPartition, Trend
from stockstream.kafka.traffic import IDLE, RUNNING
from stockstream.present.beats import AlertsRun

_WIDE: Final = 110
"""Width of the terminal from which additional columns are shown."""

_NAME: Final = 24
"""Maximum length of names in narrower terminals."""

_OURS: Final = "stockstream-"

_SILENT: Final = 3.0

_STYLES: Final[dict[Trend | None, str]] = {"growing": "yellow", "shrinking": "green", "steady": "dim", None: "dim"}
_ALERTS_STYLES: Final = {"running": "green", "silent": "bold red"}
_ARROWS: Final[dict[Trend | None, tuple[str, str]]] = {"growing": ("↑", "+"), "shrinking": ("↓", "-")}


@dataclass(frozen=True)
class Seen:
    """Samples of a monitor: the latest overview, and the latest one with a broker."""

    latest: Overview
    known: Overview | None
    since: datetime
    processes: tuple[Process, ...] = ()
    alerts: tuple[AlertsRun, ...] = ()

    @staticmethod
    def first(overview: Overview, processes: tuple[Process, ...] = (), alerts: tuple[AlertsRun, ...] = ()) -> Seen:
        """The first sample."""
        return Seen(overview, None if overview.waiting else overview, overview.time, processes, alerts)

    def then(self, overview: Overview, processes: tuple[Process, ...], alerts: tuple[AlertsRun, ...] = ()) -> Seen:
        """The next sample; ``since`` is when the broker went away or returned."""
        same = overview.waiting == self.latest.waiting
        known = self.known if overview.waiting else overview
        return replace(
            self,
            latest=overview,
            known=known,
            since=self.since if same else overview.time,
            processes=processes,
            alerts=alerts,
        )


class Screen:
    """Screen of a sample.

    Parameters
    ----------
    seen
        The sample.
    fit
        Omit what does not fit into the terminal.
    hint
        Text in the right corner.
    url
        Address of served metrics.
    """

    def __init__(self, seen: Seen, *, fit: bool = False, hint: str = "", url: str | None = None) -> None:
        self._seen = seen
        self._fit = fit
        self._hint = hint
        self._notes = [] if url is None else [Text(f"metrics at {url}", "dim")]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The whole screen if it fits, otherwise one line for each of the most important rows."""
        sections = list(self._sections(options))
        whole = self._drawn(options, [section.table() for section in sections])
        height = options.size.height
        if not self._fit or len(console.render_lines(whole, options, pad=False)) <= height:
            yield whole
            return
        head = len(console.render_lines(self._drawn(options, []), options, pad=False))
        room = height - head - 2 * len(sections)  # an empty line and the names of the columns
        given = shares([len(section.rows) for section in sections], room)
        yield self._drawn(options, [section.table(most=most) for section, most in zip(sections, given, strict=True)])

    def _drawn(self, options: ConsoleOptions, tables: Sequence[RenderableType]) -> Group:
        parts: list[RenderableType] = [*self._head(options)]
        body = [part for table in tables for part in (Text(), table)]
        parts.append(Styled(Group(*body), "dim") if self._seen.latest.waiting else Group(*body))
        return Group(*parts)

    def _head(self, options: ConsoleOptions) -> Iterator[RenderableType]:
        latest, known = self._seen.latest, self._seen.known
        title = Text.assemble(
            ("stockstream monitor", "bold"), f"  {latest.bootstrap_servers}  {_clock(latest.time)}", no_wrap=True
        )
        room = options.max_width - title.cell_len - len(self._hint)
        if self._hint and room > 1:
            title.append(" " * room + self._hint, "dim")
        yield title
        if latest.waiting:
            waited = span((latest.time - self._seen.since).total_seconds())
            yield Text(f"waiting for {latest.waiting} since {_clock(self._seen.since)} ({waited})", "bold yellow")
        if known is None:
            return
        if latest.waiting:
            yield Text(f"as it was at {_clock(known.time)}:", "dim")
            return
        yield Items([*_brokers(known), Text(f"cluster {known.cluster}", "dim"), *self._notes])

    def _sections(self, options: ConsoleOptions) -> Iterator[Section]:
        known, wide = self._seen.known, options.max_width >= _WIDE
        if known is not None:
            arrow = 1 if options.ascii_only else 0
            yield _topics(known, wide=wide)
            yield _groups(known.groups, arrow, wide=wide)
            yield _dead_letters(known)
            if self._seen.alerts:
                yield _alerts(self._seen.alerts)
        if self._seen.processes:
            yield _processes(self._seen.processes, wide=wide)


def _brokers(known: Overview) -> Iterator[Text]:
    several = len(known.brokers) > 1
    for number, broker in enumerate(known.brokers):
        before = "" if number else f"{len(known.brokers)} brokers: " if several else "broker "
        role = " (controller)" if several and broker.id == known.controller else ""
        yield Text(f"{before}{broker.id} at {broker.host}:{broker.port}{role}")


def _topics(known: Overview, *, wide: bool) -> Section:
    topics = [topic for topic in known.topics if not topic.is_dead_letters]
    sized = any(topic.bytes is not None for topic in topics)
    rows = [
        Row(
            [
                _name(topic.name, wide=wide),
                _whole(topic.records),
                _rate(topic.records_per_second),
                *([] if not sized else ["-" if topic.bytes is None else size(topic.bytes)]),
                _age(known.time, topic.newest),
            ],
            [_partition(topic, partition, wide=wide) for partition in topic.partitions],
            weight=topic.records_per_second or 0.0,
        )
        for topic in topics
    ]
    columns = ["TOPIC", "RECORDS", "IN/S", *(["SIZE"] if sized else []), "NEWEST", "PARTITIONS"]
    return Section(
        columns, rows, frozenset(("RECORDS", "IN/S", "SIZE", "NEWEST")), "none yet: `stockstream produce` makes them"
    )


def _partition(topic: TopicOverview, partition: TopicPartition, *, wide: bool) -> Text:
    if partition.leader is None:
        return Text(f"{partition.partition}: no leader", "bold red")
    count = f"{partition.records or 0:,}"
    if topic.bytes is None:
        text = f"{partition.partition}: {count}"
    else:
        stored = size(partition.bytes or 0)
        text = f"{partition.partition}: {count} ({stored})" if wide else f"{partition.partition}: {stored}"
    if len(partition.in_sync) < len(partition.replicas):
        return Text(f"{text} {len(partition.in_sync)} of {len(partition.replicas)} copies", "red")
    return Text(text)


def _groups(groups: Sequence[GroupOverview], arrow: int, *, wide: bool) -> Section:
    rows = [
        Row(
            [
                _name(group.name, wide=wide),
                *([_state(group)] if wide else []),
                _whole(group.lag),
                _going(group, wide=wide),
                _rate(group.records_per_second),
            ],
            list(_partition_lags(group, arrow)),
            weight=-1.0 if group.state == IDLE else float(group.lag or 0),
        )
        for group in groups
    ]
    columns = ["CONSUMER GROUP", *(["STATE"] if wide else []), "LAG", "TREND", "READ/S", "LAG BY PARTITION"]
    return Section(columns, rows, frozenset(("LAG", "READ/S")), "none yet: `stockstream watch` makes them")


def _state(group: GroupOverview) -> str:
    """State of a group, and the host of its reader."""
    if group.state != RUNNING:
        return group.state
    last = group.readers[-1]
    return f"{group.state} ({printable(last.host)}, {last.pid})"


def _going(group: GroupOverview, *, wide: bool) -> Text:
    """Trend of the lag; or idle, if there is no column for the state."""
    if group.state == IDLE and not wide:
        return Text(IDLE, "dim")
    return Text(group.trend or "-", _STYLES[group.trend])


def _partition_lags(group: GroupOverview, arrow: int) -> Iterator[Text]:
    """The lag of each partition; the first one of a topic has its name."""
    topic = ""
    for partition in group.partitions:
        named = f"{partition.topic} " if partition.topic != topic else ""
        topic = partition.topic
        going = _ARROWS[partition.trend][arrow] if partition.trend in _ARROWS else ""
        yield Text.assemble(
            (named, "dim"), f"{partition.partition}: {_whole(partition.lag)}", (going, _STYLES[partition.trend])
        )


def _dead_letters(known: Overview) -> Section:
    rows = [
        Row(
            [
                letters.topic,
                Text(_whole(letters.records), "yellow"),
                _age(known.time, letters.newest.sent) if letters.newest else "-",
            ],
            [Text(printable(letters.newest.reason or "-"))] if letters.newest else [],
            weight=float(letters.records or 0),
        )
        for letters in known.dead_letters
        if letters.records != 0
    ]
    columns = ["DEAD LETTERS", "RECORDS", "NEWEST", "WHY"]
    return Section(columns, rows, frozenset(("RECORDS", "NEWEST")), "none")


def _alerts(runs: Sequence[AlertsRun]) -> Section:
    rows = [
        Row(
            [
                printable(run.process),
                Text(run.state, _ALERTS_STYLES.get(run.state, "dim")),
                f"{run.since:%Y-%m-%d %H:%M:%S}Z",
                _whole(run.rules),
            ],
            [],
            weight=1.0 if run.state == "silent" else 0.0,
        )
        for run in runs
    ]
    return Section(["ALERTS PROCESS", "STATE", "SINCE", "RULES", ""], rows, frozenset(("RULES",)))


def _processes(processes: Sequence[Process], *, wide: bool) -> Section:
    rows = [
        Row(
            [
                _name(" ".join(filter(None, (process.command, process.keys))) or "-", wide=wide),
                process.address,
                _count(process),
                _rate(process.records_per_second),
            ],
            list(_details(process)),
        )
        for process in processes
    ]
    return Section(["PROCESS", "METRICS AT", "RECORDS", "/S", ""], rows, frozenset(("RECORDS", "/S")))


def _count(process: Process) -> str:
    count = process.sent if process.sent is not None else process.taken
    return _whole(count)


def _details(process: Process) -> Iterator[Text]:
    if process.error:
        yield Text(printable(process.error), "bold red")
        return
    if process.sent is not None and process.acknowledged is not None:
        refused = process.refused or 0
        pending = process.sent + refused - process.acknowledged
        yield Text(f"{pending:,} under way" if pending else "all acknowledged", "" if pending else "dim")
        if refused:
            yield Text(f"{refused:,} refused", "yellow")
    if process.silent_seconds is not None and process.silent_seconds >= _SILENT:
        yield Text(f"silent for {span(process.silent_seconds)}", "bold yellow")
    if process.lag is not None:
        yield Text(f"lag {process.lag:,}")
    if process.frame_seconds is not None:
        yield Text(f"frame {1000 * process.frame_seconds:.1f} ms")
    for what, count in process.counts.items():
        yield Text(f"{count:,} {printable(what)}", "yellow")


def line(seen: Seen) -> str:
    """A sample in one line, without a terminal."""
    latest = seen.latest
    if latest.waiting:
        return f"{_clock(latest.time)}  waiting for {latest.waiting}"
    topics = [
        f"{topic.name} {_whole(topic.records)}"
        + ("" if topic.records_per_second is None else f", {rate(topic.records_per_second)}/s")
        for topic in latest.topics
        if not topic.is_dead_letters
    ]
    lags = [
        f"{printable(group.name)} lag {group.lag:,}" + (f" {group.trend}" if group.trend else "")
        for group in latest.groups
        if group.lag is not None
    ]
    letters = [f"{letters.topic} {letters.records:,}" for letters in latest.dead_letters if letters.records]
    silent = [f"{process.address} {process.error}" for process in seen.processes if process.error]
    mute = [
        f"alerts process ({printable(run.process)}) silent since {run.since:%Y-%m-%d %H:%M:%S}Z"
        for run in seen.alerts
        if run.state == "silent"
    ]
    parts = [*topics, *lags, *letters, *silent, *mute]
    return f"{_clock(latest.time)}  {'; '.join(parts) or 'no topics yet'}"


def _name(name: str, *, wide: bool) -> str:
    """A name; if there is no room, without the common prefix of our groups, and with a long middle cut out."""
    half = (_NAME - 3) // 2
    name = printable(name)
    if not wide:
        name = name.removeprefix(_OURS)
    return name if wide or len(name) <= _NAME else f"{name[: _NAME - 3 - half]}...{name[-half:]}"


def _whole(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _rate(value: float | None) -> str:
    return "-" if value is None else rate(value)


def _age(now: datetime, then: datetime | None) -> str:
    return "-" if then is None else span(max(0.0, (now - then).total_seconds()))


def _clock(time: datetime) -> str:
    return f"{time:%H:%M:%S}Z"
