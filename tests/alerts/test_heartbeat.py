"""Heartbeat: beats go on after a record that failed, and the end waits for no broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from stockstream.alerts.heartbeat import Heartbeat, beat
from stockstream.connection import Connection
from stockstream.kafka.to_end import scan
from stockstream.present.beats import Beats
from stockstream.topics import ALERTS
from tests.kafka.mock_cluster import MockCluster, mock_cluster
from tests.patience import until

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
INVALID_RECORD = 87


@pytest.fixture
def cluster() -> Iterator[MockCluster]:
    with mock_cluster() as running:
        running.make(ALERTS.name)
        running.make(ALERTS.dead_letters)
        yield running


def connection(cluster: MockCluster) -> Connection:
    return {"bootstrap.servers": cluster.bootstrap_servers}


def states(cluster: MockCluster) -> list[str]:
    """The states that the topic holds, in order."""
    decode = ALERTS.decoder()
    return [decode(message.value()).state for message in scan(ALERTS.name, connection(cluster), {})]


def test_three_missed_beats_are_silence_and_a_process_that_was_ended_is_not_silent() -> None:
    beats, running, later = Beats(), beat("a", "running", NOW, 10.0), NOW + timedelta(seconds=31)
    assert not beats
    assert beats.take(running)
    assert beats.silent(NOW + timedelta(seconds=30)) == []
    assert beats.running(NOW + timedelta(seconds=30)) == [running]
    assert beats.silent(later) == [running]
    assert beats.running(later) == []
    beats.take(beat("a", "stopped", NOW, 10.0))
    assert beats.silent(later) == []


def test_beats_go_on_after_one_that_failed(cluster: MockCluster) -> None:
    beats = Heartbeat(connection(cluster), "a", 0.2)
    cluster.refuse_next(INVALID_RECORD)

    def found() -> list[str]:
        beats.tick()
        return states(cluster)

    first = until(found)[0]
    beats.stop()
    assert first == "running"
    assert states(cluster)[-1] == "stopped"


def test_the_end_does_not_wait_for_a_broker_that_does_not_answer(cluster: MockCluster) -> None:
    beats = Heartbeat(connection(cluster), "a", 60.0)
    beats.tick()
    cluster.answer_after(120_000)
    started = time.monotonic()
    beats.stop()
    assert time.monotonic() - started < 60.0


def test_a_process_without_beats_does_not_tell_of_its_end(cluster: MockCluster) -> None:
    beats = Heartbeat(connection(cluster), "a", 0.0)
    beats.tick()
    beats.stop()
    assert states(cluster) == []
