"""Rates and trends, computed from the last samples of a cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

from stockstream.kafka.cluster import GroupState, Snapshot, TopicState
from stockstream.kafka.overview import (
    GroupOverview,
    GroupPartition,
    TopicOverview,
    TopicPartition,
    Trend,
)
from stockstream.kafka.readers import runs

K = TypeVar("K", bound=Hashable)

RATE_OVER: Final = 10.0
"""Seconds over which rates are averaged."""

TREND_OVER: Final = 20.0
"""Seconds over which a trend is computed: each half holds a period of a consumer that commits every 5 seconds."""

RUNNING: Final = "running"
IDLE: Final = "idle"
"""The states of a group of which Kafka knows no members, by whether a reader says that it runs."""

FEWEST: Final = 4
"""Number of samples that a trend needs."""


def trend(lags: Sequence[int], noise: float = 0.0) -> Trend | None:
    """Trend of a lag: compares the later half of the samples with the earlier one.

    A consumer commits its position now and then, so that its lag is a sawtooth: it grows until the commit and then
    drops. There is a trend only if both the maxima and the minima have moved, by more than a quarter of the lag's whole
    movement and by more than ``noise``.

    Parameters
    ----------
    lags
        Samples at equal distances, oldest first.
    noise
        A change by this number of records is ignored.

    Returns
    -------
    Trend or None
        None for too few samples.

    >>> trend([0, 90, 180, 270, 360, 450]), trend([450, 300, 150, 0])
    ('growing', 'shrinking')
    >>> trend([0, 50, 100, 0, 50, 100, 0, 50]), trend([7, 7])
    ('steady', None)
    """
    if len(lags) < FEWEST:
        return None
    half = len(lags) // 2
    early, late = lags[:half], lags[-half:]
    moved = max((max(lags) - min(lags)) / 4, noise)
    low, high = min(late) - min(early), max(late) - max(early)
    if min(low, high) > moved:
        return "growing"
    return "shrinking" if max(low, high) < -moved else "steady"


class Traffic:
    """Keeps the last samples, and computes rates and trends from them."""

    def __init__(self) -> None:
        self._snapshots: deque[Snapshot] = deque()

    def add(self, snapshot: Snapshot) -> None:
        """Add a sample; one of another cluster starts over."""
        if self._snapshots and self._snapshots[-1].cluster != snapshot.cluster:
            self._snapshots.clear()
        self._snapshots.append(snapshot)
        while snapshot.at - self._snapshots[0].at > TREND_OVER:
            self._snapshots.popleft()

    def topics(self, sizes: Callable[[str], Mapping[int, int]]) -> tuple[TopicOverview, ...]:
        """The present topics; ``sizes`` gives the bytes of a topic's partitions, if known."""
        return tuple(self._topic(name, state, sizes(name)) for name, state in self._snapshots[-1].topics.items())

    def groups(self) -> tuple[GroupOverview, ...]:
        """The present consumer groups."""
        now = datetime.now(UTC)
        groups = [self._group(name, state, now) for name, state in self._snapshots[-1].groups.items()]
        return tuple(sorted(groups, key=lambda group: group.state == IDLE))

    def _topic(self, name: str, state: TopicState, sizes: Mapping[int, int]) -> TopicOverview:
        ends = [(snapshot.at, _ends(snapshot, name)) for snapshot in self._snapshots if _is_same(snapshot, name, state)]
        partitions = tuple(
            TopicPartition(
                partition=number,
                first=partition.first,
                end=partition.end,
                records=_between(partition.first, partition.end),
                bytes=sizes.get(number),
                leader=partition.leader,
                replicas=partition.replicas,
                in_sync=partition.in_sync,
            )
            for number, partition in state.partitions.items()
        )
        return TopicOverview(
            name=name,
            records=_sum(partition.records for partition in partitions),
            records_per_second=_rate(ends),
            bytes=sum(sizes.values()) if sizes else None,
            newest=state.newest,
            partitions=partitions,
        )

    def _group(self, name: str, state: GroupState, clock: datetime) -> GroupOverview:
        now = self._snapshots[-1]
        lags = {partition: self._lags(name, partition) for partition in state.positions}
        partitions = tuple(
            GroupPartition(
                topic=topic,
                partition=number,
                position=position,
                end=_end(now, topic, number),
                lag=lags[topic, number][-1] if lags[topic, number] else None,
                trend=trend(lags[topic, number], self._inflow([(topic, number)])),
            )
            for (topic, number), position in sorted(state.positions.items())
        )
        shortest = min(map(len, lags.values()), default=0)
        together = [sum(samples[-back] for samples in lags.values()) for back in range(shortest, 0, -1)]
        positions = [
            (snapshot.at, snapshot.groups[name].positions) for snapshot in self._snapshots if name in snapshot.groups
        ]
        return GroupOverview(
            name=name,
            state=self._state(name, state, clock),
            readers=state.readers,
            lag=together[-1] if together else None,
            trend=trend(together, self._inflow(list(state.positions))),
            records_per_second=_rate(positions),
            partitions=partitions,
        )

    def _state(self, name: str, state: GroupState, clock: datetime) -> str:
        """Whether there are readers, including those that assign their partitions themselves, unknown to Kafka."""
        if state.state != "empty":
            return state.state
        # If a host's clock is wrong, its commits still change.
        said = {snapshot.groups[name].readers for snapshot in self._snapshots if name in snapshot.groups}
        lately = state.readers and (len(said) > 1 or any(runs(each, clock) for each in state.readers))
        return RUNNING if lately else IDLE

    def _lags(self, group: str, partition: tuple[str, int]) -> list[int]:
        """The lag in each of the last samples; empty if it is unknown now."""
        samples: list[int] = []
        for snapshot in reversed(self._snapshots):
            position = snapshot.groups[group].positions.get(partition) if group in snapshot.groups else None
            end = _end(snapshot, *partition)
            if position is None or end is None or not self._is_as_now(snapshot, partition[0]):
                break
            samples.append(max(0, end - position))
        return samples[::-1]

    def _inflow(self, partitions: Sequence[tuple[str, int]]) -> float:
        """Records per second that arrived in these partitions between the samples."""
        ends = [
            (
                snapshot.at,
                {partition: end for partition in partitions if (end := _end(snapshot, *partition)) is not None},
            )
            for snapshot in self._snapshots
        ]
        return _rate(ends, over=TREND_OVER) or 0.0

    def _is_as_now(self, snapshot: Snapshot, topic: str) -> bool:
        state = self._snapshots[-1].topics.get(topic)
        return state is not None and _is_same(snapshot, topic, state)


def _is_same(snapshot: Snapshot, name: str, state: TopicState) -> bool:
    return name in snapshot.topics and snapshot.topics[name].id == state.id


def _ends(snapshot: Snapshot, topic: str) -> dict[int, int]:
    partitions = snapshot.topics[topic].partitions
    return {number: partition.end for number, partition in partitions.items() if partition.end is not None}


def _end(snapshot: Snapshot, topic: str, number: int) -> int | None:
    partition = snapshot.topics[topic].partitions.get(number) if topic in snapshot.topics else None
    return None if partition is None else partition.end


def _between(first: int | None, end: int | None) -> int | None:
    return None if first is None or end is None else end - first


def _sum(counts: Iterable[int | None]) -> int | None:
    """Sum of all; None if one is unknown, because a partial sum would be wrong."""
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total


def _rate(samples: Sequence[tuple[float, Mapping[K, int]]], over: float = RATE_OVER) -> float | None:
    """Increase per second; None if unknown, or if something decreased."""
    if not samples:
        return None
    at, now = samples[-1]
    since, then = next((then, values) for then, values in samples if at - then <= over)
    moved = [now[key] - then[key] for key in now.keys() & then.keys()]
    if at <= since or not moved or min(moved) < 0:
        return None
    return round(sum(moved) / (at - since), 3)
