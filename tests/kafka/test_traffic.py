"""Rates and trends, from synthetic samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stockstream.kafka.cluster import BrokerNode, GroupState, Partition, Snapshot, TopicState
from stockstream.kafka.readers import Reader
from stockstream.kafka.traffic import RATE_OVER, TREND_OVER, Traffic, trend


def snapshot(
    at: float,
    ends: Mapping[int, int | None],
    positions: Mapping[int, int] | None = None,
    *,
    topic_id: str = "a",
    cluster: str = "c",
    readers: Sequence[Reader] = (),
) -> Snapshot:
    """The topic "t" with the group "g"."""
    partitions = {number: Partition(1, (1,), (1,), None if end is None else 0, end) for number, end in ends.items()}
    places = {("t", number): position for number, position in (positions or {}).items()}
    return Snapshot(
        at=at,
        cluster=cluster,
        controller=1,
        brokers=(BrokerNode(1, "127.0.0.1", 9092),),
        topics={"t": TopicState(topic_id, partitions, None)},
        groups={} if positions is None else {"g": GroupState("empty", places, tuple(readers))},
    )


def watched(snapshots: Sequence[Snapshot]) -> Traffic:
    traffic = Traffic()
    for each in snapshots:
        traffic.add(each)
    return traffic


def rate(snapshots: Sequence[Snapshot]) -> float | None:
    (topic,) = watched(snapshots).topics(lambda _: {})
    return topic.records_per_second


def test_a_rate_is_of_the_last_ten_seconds() -> None:
    assert rate([snapshot(0, {0: 10})]) is None
    assert rate([snapshot(0, {0: 10}), snapshot(2, {0: 15})]) == 2.5
    assert rate([snapshot(0, {0: 10, 1: 5}), snapshot(2, {0: 15, 1: 8})]) == 4.0
    busy_before = [snapshot(second, {0: min(second, 5) * 1000}) for second in range(17)]
    assert rate(busy_before) == 0.0
    assert rate(busy_before[:-1]) == 0.0
    assert rate(busy_before[:-2]) == 1000 / RATE_OVER


def test_a_rate_is_not_known_over_what_is_another_topic_or_was_set_back() -> None:
    assert rate([snapshot(0, {0: 10}), snapshot(1, {0: 5})]) is None
    assert rate([snapshot(0, {0: 10}), snapshot(1, {0: 50}, topic_id="b")]) is None
    assert rate([snapshot(0, {0: 10}), snapshot(1, {0: 50}, topic_id="b"), snapshot(2, {0: 51}, topic_id="b")]) == 1.0
    assert rate([snapshot(0, {0: 10}), snapshot(1, {0: 50}, cluster="d")]) is None


def test_a_partition_without_a_leader_is_left_out() -> None:
    snapshots = [snapshot(0, {0: 10, 1: None}, {0: 9, 1: 4}), snapshot(1, {0: 11, 1: None}, {0: 9, 1: 4})]
    traffic = watched(snapshots)
    (topic,) = traffic.topics(lambda _: {})
    assert (topic.records, topic.records_per_second) == (None, 1.0)
    assert [(partition.end, partition.records) for partition in topic.partitions] == [(11, 11), (None, None)]
    (group,) = traffic.groups()
    assert group.lag is None
    assert [partition.lag for partition in group.partitions] == [2, None]


def test_bytes_are_those_that_are_known() -> None:
    traffic = watched([snapshot(0, {0: 10, 1: 3})])
    (topic,) = traffic.topics(lambda _: {})
    assert (topic.bytes, [partition.bytes for partition in topic.partitions]) == (None, [None, None])
    (topic,) = traffic.topics(lambda name: {0: 100, 1: 7} if name == "t" else {})
    assert (topic.bytes, [partition.bytes for partition in topic.partitions]) == (107, [100, 7])


def grown(consumer: float, seconds: int = 20, every: int = 1) -> list[Snapshot]:
    """A producer of 100 records/s, and a consumer with a rate of its own that commits its position now and then."""
    return [
        snapshot(second, {0: 50_000 + 100 * second, 1: 7}, {0: int(consumer * (second - second % every)), 1: 7})
        for second in range(seconds + 1)
    ]


@pytest.mark.parametrize(
    ("consumer", "every", "wanted"),
    [
        (0.0, 1, "growing"),
        (80.0, 1, "growing"),
        (100.0, 1, "steady"),
        (100.0, 5, "steady"),
        (99.0, 5, "steady"),
        (120.0, 1, "shrinking"),
        (1000.0, 5, "shrinking"),
    ],
)
def test_a_lag_grows_shrinks_or_is_steady_by_partition_and_by_group(consumer: float, every: int, wanted: str) -> None:
    snapshots = grown(consumer, every=every)
    (group,) = watched(snapshots).groups()
    busy, idle = group.partitions
    assert (busy.trend, idle.trend, group.trend) == (wanted, "steady", wanted)
    assert (busy.lag, idle.lag) == (50_000 + 2_000 - busy.position, 0)
    assert group.lag == busy.lag


def test_a_groups_rate_is_that_of_its_positions() -> None:
    (group,) = watched(grown(120.0)).groups()
    assert group.records_per_second == 120.0


def test_a_trend_is_of_the_last_twenty_seconds() -> None:
    snapshots = [snapshot(second, {0: 100 * min(second, 40)}, {0: 0}) for second in range(int(40 + TREND_OVER) + 2)]
    assert watched(snapshots[:41]).groups()[0].trend == "growing"
    assert watched(snapshots).groups()[0].trend == "steady"


def test_a_few_snapshots_have_no_trend() -> None:
    snapshots = grown(0.0)
    assert watched(snapshots[:3]).groups()[0].trend is None
    assert watched(snapshots[:4]).groups()[0].trend == "growing"


def test_a_lag_is_not_followed_into_a_topic_of_the_same_name_that_was_deleted() -> None:
    before = [snapshot(second, {0: 1000 * second}, {0: 0}) for second in range(8)]
    after = [snapshot(8, {0: 3}, {0: 1}, topic_id="b")]
    (group,) = watched(before + after).groups()
    assert (group.lag, group.trend) == (2, None)


def test_a_group_of_a_topic_that_is_gone_has_no_lag() -> None:
    gone = Snapshot(1.0, "c", 1, (), {}, {"g": GroupState("empty", {("t", 0): 5}, ())})
    (group,) = watched([snapshot(0, {0: 10}, {0: 5}), gone]).groups()
    assert (group.lag, group.trend, group.partitions[0].lag, group.partitions[0].end) == (None, None, None, None)


def said(seconds_ago: float) -> Reader:
    return Reader(host="here", pid=1, time=datetime.now(UTC) - timedelta(seconds=seconds_ago))


@pytest.mark.parametrize(
    ("ages", "state"),
    [
        ([()], "idle"),
        ([(1,)], "running"),
        ([(60,)], "idle"),
        ([(1,), ()], "idle"),
        ([(3_600,), (3_595,)], "running"),  # its clock is an hour behind
        ([(-3_600,), (-3_605,)], "running"),
    ],
)
def test_a_group_runs_while_a_reader_says_so(ages: list[tuple[float, ...]], state: str) -> None:
    readers = [tuple(map(said, each)) for each in ages]
    snapshots = [snapshot(second, {0: 10}, {0: 5}, readers=each) for second, each in enumerate(readers)]
    (group,) = watched(snapshots).groups()
    assert (group.state, group.readers) == (state, readers[-1])


def test_idle_groups_come_last() -> None:
    one = snapshot(0, {0: 10}, {0: 5})
    groups = {
        "a": GroupState("empty", {}, ()),
        "b": GroupState("empty", {}, (said(1),)),
        "c": GroupState("stable", {}, ()),
        "d": GroupState("empty", {}, (said(600),)),
    }
    found = watched([replace(one, groups=groups)]).groups()
    assert [(each.name, each.state) for each in found] == [
        ("b", "running"),
        ("c", "stable"),
        ("a", "idle"),
        ("d", "idle"),
    ]


@given(st.lists(st.integers(0, 1_000_000), min_size=4, max_size=30))
def test_a_trend_turned_round_is_its_opposite(lags: list[int]) -> None:
    opposite = {"growing": "shrinking", "shrinking": "growing", "steady": "steady"}
    forth, back = trend(lags), trend(lags[::-1])
    assert forth is not None
    assert back == opposite[forth]


@given(st.lists(st.integers(0, 100), min_size=4, max_size=30))
def test_noise_is_no_trend(lags: list[int]) -> None:
    assert trend(lags, noise=100) == "steady"
