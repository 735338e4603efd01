"""What can be measured, as Prometheus' metric families: of a cluster, of a producer."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from stockstream.kafka.overview import Overview, Trend
from stockstream.producers.produce import Meter, Progress

_TRENDS: Final[dict[Trend, int]] = {"growing": 1, "steady": 0, "shrinking": -1}


class ClusterMetrics(Collector):
    """The last overview of a cluster. While its broker is away, that is all there is to tell."""

    def __init__(self) -> None:
        self._overview: Overview | None = None

    def told(self, overview: Overview) -> None:
        """Take a new overview."""
        self._overview = overview

    def collect(self) -> Iterator[Metric]:
        """The metrics of the moment."""
        overview = self._overview
        up = overview is not None and overview.waiting is None
        yield GaugeMetricFamily("stockstream_broker_up", "Whether the broker answers.", int(up))
        if overview is None or not up:
            return
        yield GaugeMetricFamily("stockstream_brokers", "Brokers of the cluster.", len(overview.brokers))
        yield GaugeMetricFamily(
            "stockstream_overview_timestamp_seconds", "When this was looked at.", overview.time.timestamp()
        )
        yield from _topics(overview)
        yield from _groups(overview)
        yield from _dead_letters(overview)


def _topics(overview: Overview) -> Iterator[Metric]:
    yield _gauge(
        "stockstream_topic_records_per_second",
        "Records that came in a second, over the last 10 seconds.",
        ["topic"],
        (([topic.name], topic.records_per_second) for topic in overview.topics),
    )
    yield _gauge(
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
        yield _gauge(f"stockstream_partition_{name}", text, ["topic", "partition"], rows)


def _groups(overview: Overview) -> Iterator[Metric]:
    groups = overview.groups
    yield _gauge(
        "stockstream_group_records_per_second",
        "Records that the group took a second, over the last 10 seconds.",
        ["group"],
        (([group.name], group.records_per_second) for group in groups),
    )
    places = [
        ([group.name, place.topic, str(place.partition)], place) for group in groups for place in group.partitions
    ]
    for name, text, values in (
        ("position", "Offset of the next record that the group wants.", [place.position for _, place in places]),
        ("lag", "Records between the group's position and the end.", [place.lag for _, place in places]),
        (
            "lag_trend",
            "1 where the lag grows, -1 where it shrinks, 0 where it is steady.",
            [place.trend and _TRENDS[place.trend] for _, place in places],
        ),
    ):
        rows = zip((labels for labels, _ in places), values, strict=True)
        yield _gauge(f"stockstream_group_{name}", text, ["group", "topic", "partition"], rows)


def _dead_letters(overview: Overview) -> Iterator[Metric]:
    letters = overview.dead_letters
    yield _gauge(
        "stockstream_dead_letters",
        "Records in a topic of dead letters.",
        ["topic"],
        (([each.topic], each.records) for each in letters),
    )
    yield _gauge(
        "stockstream_dead_letters_newest_timestamp_seconds",
        "When the newest dead letter was sent.",
        ["topic"],
        (([each.topic], each.newest.sent.timestamp()) for each in letters if each.newest),
    )


class ProducerMetrics(Collector):
    """How far a producer is."""

    def __init__(self, command: str, topic: str) -> None:
        self._labels = {"command": command, "topic": topic}
        self._meter = Meter()
        self._told: tuple[Progress, float, float] = (Progress(0, 0, 0.0, 0, 0.0), 0.0, time.time())

    def told(self, progress: Progress) -> None:
        """Take how far it is now."""
        self._told = progress, self._meter.rate(progress.sent, progress.seconds), time.time()

    def collect(self) -> Iterator[Metric]:
        """The metrics of the moment."""
        progress, rate, at = self._told
        names, values = list(self._labels), list(self._labels.values())
        for name, text, count in (
            ("sent", "Records sent.", progress.sent),
            ("refused", "Rows that cannot be read, sent as dead letters.", progress.refused),
            (
                "acknowledged",
                "Records and refused rows that the broker has.",
                progress.sent + progress.refused - progress.pending,
            ),
        ):
            family = CounterMetricFamily(f"stockstream_producer_{name}", text, labels=names)
            family.add_metric(values, count)
            yield family
        yield _gauge(
            "stockstream_producer_records_per_second",
            "Records sent a second, over the last 10 seconds.",
            names,
            [(values, rate)],
        )
        yield _gauge(
            "stockstream_producer_silent_seconds",
            "For how long nothing was acknowledged of what is under way.",
            names,
            [(values, progress.silent)],
        )
        yield _gauge("stockstream_updated_timestamp_seconds", "When these figures were taken.", names, [(values, at)])


def _gauge(
    name: str, text: str, labels: Sequence[str], rows: Iterable[tuple[Sequence[str], float | None]]
) -> GaugeMetricFamily:
    """A gauge; a row whose value is not known is left out."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in rows:
        if value is not None:
            family.add_metric(values, value)
    return family
