"""Topics copied from one real broker to another: records are kept completely, each once."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from confluent_kafka import Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from stockstream.errors import BrokerError
from stockstream.kafka.admin import Admin
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.to_end import scan
from stockstream.kafka.topic_copy import Copied, TopicCopy
from stockstream.kafka.topic_settings import TopicSettings
from stockstream.topics import RETENTION
from tests.cli.helpers import clean, stockstream
from tests.kafka.streams import connection, until


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory, kafka_jars: list[Path]) -> Iterator[str]:
    with Broker(tmp_path_factory.mktemp("target"), kafka_jars, port=free_port()) as running:
        yield running.bootstrap_servers


@pytest.fixture
def topic(broker: str) -> str:
    """A topic at the source, of three partitions."""
    name = f"copied-{uuid.uuid4().hex[:8]}"
    # Kafka deletes what is older: nearly a century, as the records below are of 1970.
    config = {RETENTION: "3000000000000", "max.message.bytes": "2000000"}
    make(broker, NewTopic(name, 3, 1, config=config))
    return name


def make(servers: str, topic: NewTopic) -> None:
    admin = AdminClient(connection(servers))
    admin.create_topics([topic])[topic.topic].result(120)
    Admin(connection(servers)).await_leaders_of([topic.topic])


def fill(servers: str, topic: str, count: int, first: int = 0) -> None:
    producer = Producer(connection(servers) | {"enable.idempotence": True, "queue.buffering.max.messages": 1_000_000})
    for number in range(first, first + count):
        producer.produce(topic, f"{number}", f"key {number % 7}", partition=number % 3, timestamp=1_000_000 + number)
    producer.flush()


def held(servers: str, topic: str) -> dict[int, list[tuple[object, ...]]]:
    found: dict[int, list[tuple[object, ...]]] = {}
    for message in scan(topic, connection(servers)):
        assert isinstance(message, Message)
        kept = (message.key(), message.value(), message.headers(), message.timestamp())
        found.setdefault(message.partition() or 0, []).append(kept)
    return found


def breaks(servers: str, topic: str) -> dict[int, list[tuple[int, int]]]:
    """Where records do not follow each other as they were sent."""
    values: dict[int, list[int]] = {}
    for message in scan(topic, connection(servers)):
        values.setdefault(message.partition() or 0, []).append(int(message.value() or b"0"))
    return {number: [pair for pair in pairwise(each) if pair[1] != pair[0] + 3] for number, each in values.items()}


def copied(topic: str, source: str, target: str) -> Copied:
    return TopicCopy(topic, connection(source), connection(target)).run()


def test_all_of_a_record_and_of_its_topic_is_kept(broker: str, target: str, topic: str) -> None:
    producer = Producer(connection(broker))
    producer.produce(
        topic, b"\xff\x00", b"\x00key", partition=2, timestamp=5, headers=[("a", b"1"), ("a", None), ("é", b"")]
    )
    producer.produce(topic, None, None, partition=2, timestamp=-86_400_000)
    producer.produce(topic, b"", b"", partition=0, headers=[])
    producer.flush()
    assert copied(topic, broker, target) == Copied(3, 0, 3)
    assert held(target, topic) == held(broker, topic)
    there = TopicSettings(topic, connection(target))
    assert there.own() == {RETENTION: "3000000000000", "max.message.bytes": "2000000"}
    assert Admin(connection(target)).partitions(topic) == 3


def test_what_is_there_is_not_copied_again_and_what_came_since_is(broker: str, target: str, topic: str) -> None:
    fill(broker, topic, 300)
    assert copied(topic, broker, target) == Copied(300, 0, 300)
    assert copied(topic, broker, target) == Copied(0, 300, 300)
    fill(broker, topic, 60, first=300)
    # The source forgets its beginning: how many it has says nothing any more.
    gone = [TopicPartition(topic, number, 50) for number in range(3)]
    admin = AdminClient(connection(broker))
    for future in admin.delete_records(gone).values():
        future.result(120)
    assert copied(topic, broker, target) == Copied(60, 150, 360)
    assert {number: [row[1] for row in rows] for number, rows in held(target, topic).items()} == {
        number: [b"%d" % each for each in range(number, 360, 3)] for number in range(3)
    }


def test_a_copy_that_is_killed_again_and_again_copies_each_record_once(
    broker: str, target: str, topic: str, tmp_path: Path
) -> None:
    many = 200_000
    fill(broker, topic, many)
    arguments = ["topics", "copy", "--from", broker, topic, "--bootstrap-servers", target]

    def there() -> int:
        return sum(each.records for each in Admin(connection(target)).summaries({topic}))

    def has_begun(process: subprocess.Popen[bytes], before: int) -> bool:
        return process.poll() is not None or there() != before

    kills = 0
    for _ in range(3):
        before = there()
        process = subprocess.Popen(
            [sys.executable, "-m", "stockstream", "--log-json", *arguments],
            cwd=tmp_path,
            env=clean(tmp_path / "state"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(partial(has_begun, process, before))
        kills += process.poll() is None
        process.kill()
        process.wait()
    assert kills
    ended = stockstream(*arguments, cwd=tmp_path)
    assert ended.returncode == 0, (ended.stderr, breaks(target, topic))
    assert ended.stdout.endswith(f" already there; the topic holds {many:,}\n")
    assert held(target, topic) == held(broker, topic)


def test_a_topic_of_others_or_of_another_kind_is_left_alone(broker: str, target: str, topic: str) -> None:
    fill(broker, topic, 30)
    make(target, NewTopic(topic, 3, 1))
    fill(target, topic, 5, first=7_000)
    with pytest.raises(BrokerError, match=r"partition \d, ends with records that are not of .* - .*delete it there"):
        copied(topic, broker, target)
    assert Admin(connection(target)).summaries({topic})[0].records == 5
    Admin(connection(target)).delete([topic])
    until(lambda: topic not in Admin(connection(target)).names())
    make(target, NewTopic(topic, 2, 1))
    with pytest.raises(BrokerError, match=rf"has 2 partitions .* 3 at the source - .*--add-partitions {topic}=3"):
        copied(topic, broker, target)


def test_wrong_sources_are_one_line_each(broker: str, target: str, topic: str, tmp_path: Path) -> None:
    def result(*arguments: str) -> str:
        ended = stockstream("topics", "copy", *arguments, cwd=tmp_path)
        assert ended.returncode == 1
        (line,) = ended.stderr.splitlines()
        return line

    assert "are the same cluster" in result("--from", broker, topic, "--bootstrap-servers", broker)
    assert f"there is no topic none-such at {broker}" in result(
        "--from", broker, "none-such", "--bootstrap-servers", target
    )
    nobody = f"127.0.0.1:{free_port()}"
    assert f"no broker answers at {nobody}" in result("--from", nobody, "--bootstrap-servers", target)
