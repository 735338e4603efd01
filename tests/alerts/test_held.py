"""What the topic holds: as a dictionary would say, in a few bytes an alert, and read with one client."""

from __future__ import annotations

import random
from datetime import timedelta

from stockstream.alerts import held as module
from stockstream.alerts.alert import muting
from stockstream.alerts.held import Held, HeldAlert, text_sum
from stockstream.alerts.topic_outbox import TopicOutbox
from stockstream.alerts.watched_levels import unwatched, watching
from stockstream.records import AlertState
from stockstream.topics import ALERTS
from tests.alerts.alerts import TIME
from tests.alerts.numbered import alert
from tests.site import Site
from tests.views.bars import bar

STATES: tuple[AlertState, ...] = ("raised", "acknowledged", "withdrawn")


def test_it_knows_the_last_state_of_each_id() -> None:
    chance, held, expected = random.Random(3), Held(), dict[str, HeldAlert]()
    for _ in range(3 * module._RECENT):
        number, state, when = chance.randrange(50_000), chance.choice(STATES), chance.choice(["close > 1", "close > 2"])
        held.take(alert(number, state=state, when=when))
        expected[f"{number:03d}"] = HeldAlert(state, text_sum(when))
    assert all(held.get(identity) == found for identity, found in expected.items())
    assert held.get("none") is None
    size = held._hashes.nbytes + held._codes.nbytes
    assert size <= 12 * len(expected)
    assert len(held._recent) < module._RECENT
    held.clear()
    assert (len(held), held.get("001")) == (0, None)


def test_mutes_end() -> None:
    held = Held()
    held.take(muting("high", "AAPL", TIME + timedelta(hours=1), TIME))
    held.take(muting("low", "", TIME + timedelta(hours=2), TIME))
    assert held.muted(TIME) == {("high", "AAPL"), ("low", "")}
    assert held.muted(TIME + timedelta(hours=1)) == {("low", "")}
    held.take(muting("low", "", TIME, TIME))
    assert held.muted(TIME) == {("high", "AAPL")}


def test_an_end_of_a_level_that_was_set_anew_is_not_sent_again(site: Site) -> None:
    former = watching("ann", bar(5, 100.0), 101.0, TIME, once=True)
    anew = watching("ann", bar(5, 100.0), 101.0, TIME + timedelta(seconds=1))
    end = unwatched(former, TIME + timedelta(minutes=1))
    outbox = TopicOutbox(site.connection)
    site.send(ALERTS, [former])
    outbox.put([end])
    assert outbox.send() == [end]
    site.send(ALERTS, [anew])
    outbox.restore([end], [])  # as after a kill before the next save
    assert outbox.send() == []
    outbox.put([unwatched(anew, TIME)])
    assert len(outbox.send()) == 1
    outbox.close()


def test_one_client_reads_the_topic_however_often_is_sent(site: Site) -> None:
    outbox = TopicOutbox(site.connection)
    clients = set()
    for number in range(4):
        outbox.put([alert(number)])
        assert [each.id for each in outbox.send()] == [f"{number:03d}"]
        clients.add(id(outbox._topic._reading))
    assert len(clients - {id(None)}) == 1, "the first look finds no topic, and the others share a client"
    outbox.put(map(alert, range(5)))
    assert [each.id for each in outbox.send()] == ["004"]
    outbox.close()
