"""Prometheus metrics of a cluster, a producer, a store and a window.

prometheus_client takes a tenth of a second to import, and is imported only if metrics are requested.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from stockstream.kafka.overview import Overview, Trend
from stockstream.present.frame_times import FrameTimes
from stockstream.producers.produce import Meter, Progress
from stockstream.topics import STOCKS

if TYPE_CHECKING:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

    from stockstream.records import Alert
    from stockstream.tables.store import Progress as StoreProgress
    from stockstream.views.status import Status

_TRENDS: Final[dict[Trend, int]] = {"growing": 1, "steady": 0, "shrinking": -1}


class ClusterMetrics:
    """Metrics of a cluster, from its last overview; only `broker_up` while its broker is unavailable."""

    def __init__(self) -> None:
        self._overview: Overview | None = None

    def update(self, overview: Overview) -> None:
        """Set a new overview."""
        self._overview = overview

    def collect(self) -> Iterator[Metric]:
        """The present metrics."""
        overview = self._overview
        up = overview is not None and overview.waiting is None
        yield gauge("stockstream_broker_up", "Whether the broker answers.", [], [([], int(up))])
        if overview is None or not up:
            return
        yield gauge("stockstream_brokers", "Brokers of the cluster.", [], [([], len(overview.brokers))])
        at = overview.time.timestamp()
        yield gauge("stockstream_overview_timestamp_seconds", "Time of this sample.", [], [([], at)])
        yield from _topics(overview)
        yield from _groups(overview)
        yield from _dead_letters(overview)


def _topics(overview: Overview) -> Iterator[Metric]:
    yield gauge(
        "stockstream_topic_records_per_second",
        "Records that arrived per second, over the last 10 seconds.",
        ["topic"],
        (([topic.name], topic.records_per_second) for topic in overview.topics),
    )
    yield gauge(
        "stockstream_topic_newest_timestamp_seconds",
        "When the newest record was sent.",
        ["topic"],
        (([topic.name], topic.newest.timestamp()) for topic in overview.topics if topic.newest),
    )
    partitions = [
        ([topic.name, str(partition.partition)], partition)
        for topic in overview.topics
        for partition in topic.partitions
    ]
    for name, text, values in (
        ("first_offset", "Offset of the oldest record.", [each.first for _, each in partitions]),
        ("end_offset", "Offset that the next record gets.", [each.end for _, each in partitions]),
        ("bytes", "Bytes of records on disk.", [each.bytes for _, each in partitions]),
        ("replicas", "Brokers that are to have a copy.", [len(each.replicas) for _, each in partitions]),
        ("in_sync_replicas", "Brokers that have a copy now.", [len(each.in_sync) for _, each in partitions]),
    ):
        rows = zip((labels for labels, _ in partitions), values, strict=True)
        yield gauge(f"stockstream_partition_{name}", text, ["topic", "partition"], rows)


def _groups(overview: Overview) -> Iterator[Metric]:
    groups = overview.groups
    yield gauge(
        "stockstream_group_records_per_second",
        "Records that the group consumed per second, over the last 10 seconds.",
        ["group"],
        (([group.name], group.records_per_second) for group in groups),
    )
    partitions = [
        ([group.name, each.topic, str(each.partition)], each) for group in groups for each in group.partitions
    ]
    for name, text, values in (
        ("position", "Offset of the next record that the group will read.", [each.position for _, each in partitions]),
        ("lag", "Records between the group's position and the end.", [each.lag for _, each in partitions]),
        (
            "lag_trend",
            "1 where the lag grows, -1 where it shrinks, 0 where it is steady.",
            [each.trend and _TRENDS[each.trend] for _, each in partitions],
        ),
    ):
        rows = zip((labels for labels, _ in partitions), values, strict=True)
        yield gauge(f"stockstream_group_{name}", text, ["group", "topic", "partition"], rows)


def _dead_letters(overview: Overview) -> Iterator[Metric]:
    letters = overview.dead_letters
    yield gauge(
        "stockstream_dead_letters",
        "Records in a topic of dead letters.",
        ["topic"],
        (([each.topic], each.records) for each in letters),
    )
    yield gauge(
        "stockstream_dead_letters_newest_timestamp_seconds",
        "When the newest dead letter was sent.",
        ["topic"],
        (([each.topic], each.newest.sent.timestamp()) for each in letters if each.newest),
    )


class ProducerMetrics:
    """Metrics of a producer."""

    def __init__(self, command: str, topic: str) -> None:
        self._labels = {"command": command, "topic": topic}
        self._meter = Meter()
        self._latest = Progress(0, 0, 0.0, 0, 0.0), 0.0, time.time()

    def update(self, progress: Progress) -> None:
        """Set its present progress."""
        self._latest = progress, self._meter.rate(progress.sent, progress.seconds), time.time()

    def collect(self) -> Iterator[Metric]:
        """The present metrics."""
        progress, rate, at = self._latest
        names, row = list(self._labels), list(self._labels.values())
        acknowledged = progress.sent + progress.refused - progress.pending
        for name, text, count in (
            ("sent", "Records sent.", progress.sent),
            ("refused", "Rows that cannot be read, sent as dead letters.", progress.refused),
            ("acknowledged", "Records and refused rows that the broker has acknowledged.", acknowledged),
        ):
            yield counter(f"stockstream_producer_{name}", text, names, row, count)
        for name, text, value in (
            ("producer_records_per_second", "Records sent per second, over the last 10 seconds.", rate),
            (
                "producer_silent_seconds",
                "Seconds since the last acknowledgement while records are in flight.",
                progress.silent,
            ),
            ("updated_timestamp_seconds", "Time of this sample.", at),
        ):
            yield gauge(f"stockstream_{name}", text, names, [(row, value)])


class StoreMetrics:
    """Metrics of a process that stores a topic in a table."""

    def __init__(self, command: str, topic: str) -> None:
        self._labels = {"command": command, "topic": topic}
        self._latest: tuple[StoreProgress, float, float] | None = None

    def update(self, progress: StoreProgress, rate: float) -> None:
        """Set its present progress, and its rows a second."""
        self._latest = progress, rate, time.time()

    def collect(self) -> Iterator[Metric]:
        """The present metrics; none in the first seconds, while it looks for the topic."""
        if self._latest is None:
            return
        progress, rate, at = self._latest
        names, row = list(self._labels), list(self._labels.values())
        for name, text, count in (
            ("stored", "Rows committed to the table since the start.", progress.committed),
            ("commits", "Commits since the start.", progress.commits),
            ("unreadable", "Unreadable messages, kept as dead letters.", progress.dead),
            ("skipped", "Records that the topic deleted before they were read.", progress.skipped),
        ):
            yield counter(f"stockstream_store_{name}", text, names, row, count)
        for name, text, value in (
            ("store_waiting", "Rows that wait for the next commit.", progress.rows - progress.committed),
            ("store_lag", "Messages of the topic that are not committed yet.", progress.lag),
            ("store_records_per_second", "Records read per second, over the last 10 seconds.", rate),
            ("updated_timestamp_seconds", "Time of this sample.", at),
        ):
            yield gauge(f"stockstream_{name}", text, names, [(row, value)])


class AlertMetrics:
    """Metrics of a process that raises alerts; ``sinks`` gives what waits for each sink, and what it refused."""

    def __init__(self, command: str) -> None:
        self.sinks: Callable[[], Mapping[str, tuple[int, int]]] = dict
        self._labels = {"command": command, "topic": STOCKS.name}
        self._latest: tuple[int, float, float] | None = None
        self._counts = {"raised": 0, "withdrawn": 0}

    def update(self, bars: int, rate: float) -> None:
        """Set the number of bars so far, and those a second."""
        self._latest = bars, rate, time.time()

    def count(self, alerts: Sequence[Alert]) -> None:
        """Count alerts that people are told of."""
        for alert in alerts:
            self._counts[alert.state] = self._counts.get(alert.state, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """The present metrics; none in the first seconds."""
        if self._latest is None:
            return
        bars, rate, at = self._latest
        names, row = list(self._labels), list(self._labels.values())
        yield counter("stockstream_alert_bars", "Bars evaluated since the start.", names, row, bars)
        for state in ("raised", "withdrawn"):
            text = f"Alerts {state} since the start of which people are told."
            yield counter(f"stockstream_alerts_{state}", text, names, row, self._counts[state])
        for name, text, value in (
            ("alert_bars_per_second", "Bars evaluated per second, over the last 10 seconds.", rate),
            ("updated_timestamp_seconds", "Time of this sample.", at),
        ):
            yield gauge(f"stockstream_{name}", text, names, [(row, value)])
        sinks = self.sinks()
        for place, (name, text) in enumerate(
            (
                ("sink_waiting", "Alerts that wait for a sink."),
                ("sink_refused", "Alerts that the receiver of a sink refused for good."),
            )
        ):
            rows = (([*row, sink], counts[place]) for sink, counts in sinks.items())
            yield gauge(f"stockstream_alert_{name}", text, [*names, "sink"], rows)


class WindowMetrics:
    """Metrics of a window, picture or table; a window records its redraws in ``frame_times``."""

    def __init__(self, command: str, topic: str, keys: str) -> None:
        self.frame_times = FrameTimes()
        self._labels = {"command": command, "topic": topic, "keys": keys}
        self._latest: tuple[int, Status, float] | None = None

    def update(self, taken: int, status: Status) -> None:
        """Set its present status."""
        self._latest = taken, status, time.time()

    def collect(self) -> Iterator[Metric]:
        """The present metrics; none in the first second."""
        if self._latest is None:
            return
        taken, status, at = self._latest
        names, row = list(self._labels), list(self._labels.values())
        yield counter("stockstream_window_taken", "Records consumed since the start.", names, row, taken)
        for name, text, value in (
            ("window_lag", "Records between its position and the end of the topic.", status.lag),
            ("window_records_per_second", "Records consumed per second, over the last 5 seconds.", status.rate),
            ("window_connected", "Whether the broker answers.", int(status.connected)),
            ("window_caught_up", "Whether all records that existed at the start were read.", int(status.caught_up)),
            ("updated_timestamp_seconds", "Time of this sample.", at),
        ):
            yield gauge(f"stockstream_{name}", text, names, [(row, value)])
        counts = (([*row, what], count) for what, count in status.counts.items())
        yield gauge("stockstream_window_counted", "Irregular records.", [*names, "what"], counts)
        if self.frame_times.count:
            yield self._drawn(names, row)

    def _drawn(self, names: Sequence[str], row: Sequence[str]) -> Metric:
        from prometheus_client.core import SummaryMetricFamily

        name = "stockstream_window_frame_seconds"
        family = SummaryMetricFamily(name, "Duration of a redraw.", labels=names)
        family.add_metric(row, self.frame_times.count, self.frame_times.seconds)
        labels = dict(zip(names, row, strict=True))
        for share, seconds in self.frame_times.quantiles().items():
            family.add_sample(name, {**labels, "quantile": str(share)}, seconds)
        return family


def gauge(
    name: str, text: str, labels: Sequence[str], rows: Iterable[tuple[Sequence[str], float | None]]
) -> GaugeMetricFamily:
    """A gauge; rows with an unknown value are left out."""
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in rows:
        if value is not None:
            family.add_metric(values, value)
    return family


def counter(name: str, text: str, labels: Sequence[str], row: Sequence[str], count: int) -> CounterMetricFamily:
    """A counter."""
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(name, text, labels=labels)
    family.add_metric(row, count)
    return family
