"""What one thread has read waits for another, which is told of the first record."""

from __future__ import annotations

from stockstream.kafka.batch import Batch
from stockstream.kafka.inbox import Inbox


def test_the_first_record_after_each_taking_is_announced() -> None:
    inbox: Inbox[str] = Inbox()
    calls: list[int] = []
    inbox.on_arrival = lambda: calls.append(len(inbox))
    inbox.add(Batch(positions={0: 3}))
    assert not calls, "positions alone show nothing"
    inbox.add(Batch(["a"], 1, positions={0: 4}, sent=10))
    inbox.add(Batch(["b", "c"], 2, positions={1: 7}, sent=20))
    assert calls == [1]
    batch = inbox.take()
    assert batch == Batch(["a", "b", "c"], 3, [], {0: 4, 1: 7}, 20)
    inbox.add(Batch(["d"], 1))
    assert calls == [1, 1]
    inbox.clear()
    assert len(inbox.take()) == 0


def test_it_is_full_at_a_hundred_thousand() -> None:
    inbox: Inbox[int] = Inbox()
    inbox.add(Batch([], 100_000))
    found = [inbox.full]
    inbox.add(Batch([], 1))
    found.append(inbox.full)
    inbox.wait()  # gives up
    inbox.take()
    assert [*found, inbox.full] == [False, True, False]
