"""Headlines that the topic of news holds, so that a producer sends only new ones."""

from __future__ import annotations

from collections.abc import Collection

from stockstream.codec import Unreadable
from stockstream.connection import Connection
from stockstream.kafka.admin import Admin
from stockstream.kafka.to_end import ToEnd
from stockstream.records import News
from stockstream.topics import NEWS


def held_news(connection: Connection, symbols: Collection[str]) -> list[News]:
    """Find the headlines of some symbols, each once by its id; reads the whole topic.

    Raises
    ------
    BrokerError
        `Unreachable`, also if the broker stops answering for ten seconds; `AuthError`.
    """
    if NEWS.name not in Admin(connection).names():
        return []
    decode, found = NEWS.decoder(), dict[str, News]()
    with ToEnd(connection, NEWS.name) as reader:
        for messages in reader.messages(reader.ranges()):
            for message in messages:
                try:
                    news = decode(message.value())
                except Unreadable:
                    continue  # consumers report it
                if news.symbol in symbols:
                    found.setdefault(news.id, news)
    return list(found.values())
