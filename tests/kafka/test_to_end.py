"""Ranges of a topic are read to their end, and no message beyond it is given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stockstream.kafka.admin import Admin
from stockstream.kafka.publisher import Publisher
from stockstream.kafka.to_end import ToEnd
from stockstream.records import Bar
from stockstream.topics import Topic
from tests.kafka.streams import connection, own_topic, send_all
from tests.views.bars import walk

BARS = walk(500, 1, "AAPL")


@pytest.fixture
def topic(broker: str) -> Iterator[Topic[Bar]]:
    topic = own_topic()
    yield topic
    Admin(connection(broker)).delete(Admin(connection(broker)).names() & {topic.name, topic.dead_letters})


def test_a_range_ends_where_it_is_reported_to(broker: str, topic: Topic[Bar]) -> None:
    with Publisher(topic, connection(broker)) as publisher:
        send_all(publisher, BARS)
    with ToEnd(connection(broker), topic.name) as reader:
        ((number, held),) = reader.ranges().items()
        assert held == (0, 500)
        for start, end in (held, (100, 250), (0, 1), (499, 500)):
            found = [each.offset() for messages in reader.messages({number: (start, end)}) for each in messages]
            assert found == list(range(start, end))
        assert list(reader.messages({})) == []


def test_what_is_sent_meanwhile_is_not_given(broker: str, topic: Topic[Bar]) -> None:
    found: list[int | None] = []
    with Publisher(topic, connection(broker)) as publisher:
        send_all(publisher, BARS[:300])
        with ToEnd(connection(broker), topic.name) as reader:
            ranges = reader.ranges()
            send_all(publisher, BARS[300:])
            for messages in reader.messages(ranges):
                found += [each.offset() for each in messages]
    assert found == list(range(300))
