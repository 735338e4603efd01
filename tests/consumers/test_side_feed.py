"""Side feeds with a real broker: a topic that is missing, filled, and made anew."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from stockstream.consumers.side_feed import SideFeed
from stockstream.kafka.admin import Admin
from stockstream.present.alert_book import AlertBook
from stockstream.records import Alert
from stockstream.topics import ALERTS
from tests.alerts.numbered import alert
from tests.patience import PATIENCE
from tests.site import Site


def until(feed: SideFeed[Any], reached: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE
    while not reached():
        feed.tick()
        assert time.monotonic() < ends, "not in time"
        time.sleep(0.02)


def test_a_topic_is_read_as_it_comes_goes_and_comes_again(site: Site) -> None:
    book, fresh = AlertBook(), list[bool]()

    def take(alerts: list[Alert], new: bool) -> bool:
        fresh.extend(new for _ in alerts)
        return book.take(alerts, fresh=new)

    with SideFeed(ALERTS, site.connection, take, book.clear) as feed:
        until(feed, lambda: feed.settled)
        assert book.newest(9) == [], "without the topic nothing is waited for"
        Admin(site.connection).ensure(ALERTS)
        site.send(ALERTS, [alert(1), alert(2), alert(1, state="withdrawn")])
        until(feed, lambda: len(fresh) == 3)
        assert [(each.id, each.state) for each in book.newest(9)] == [("001", "withdrawn"), ("002", "raised")]
        assert all(fresh)
    fresh.clear()
    with SideFeed(ALERTS, site.connection, take, book.clear) as feed:
        until(feed, lambda: feed.settled and len(fresh) == 3)
        assert not any(fresh), "what was there before is not new"
        Admin(site.connection).delete([ALERTS.name])
        until(feed, lambda: not book.newest(9))
        Admin(site.connection).ensure(ALERTS)
        site.send(ALERTS, [alert(4)])
        until(feed, lambda: len(fresh) == 4)
        assert [each.id for each in book.newest(9)] == ["004"], "nothing of the former topic is left"
