"""Bars that carry when they were sent, a source of them at an even rate, and a bare consumer that times them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, Self

import numpy as np

from stockstream.kafka.publisher import Publisher
from stockstream.kafka.subscriber import Subscriber
from stockstream.records import Bar
from stockstream.topics import Topic

SYMBOL: Final = "BENCH"
_START: Final = datetime(2020, 1, 1, tzinfo=UTC)


def stamped(number: int, sent: float = 0.0) -> Bar:
    """The bar of a minute. Its volume is when it was sent, in milliseconds since 1970; 0 for bars of the history."""
    close = 100.0 + number % 17
    return Bar(
        symbol=SYMBOL, interval="1m", time=_START + timedelta(minutes=number), open=close, high=close + 1,
        low=close - 1, close=close, volume=sent, source="simulated",
    )  # fmt: skip


def history(publisher: Publisher[Bar], bars: int) -> None:
    """Send the bars that are there before the measurement."""
    for number in range(bars):
        publisher.send(stamped(number))
    publisher.flush()


def send(publisher: Publisher[Bar], first: int, *, rate: int, seconds: float, spread: float = 0.0) -> int:
    """Send bars evenly, each delayed by up to ``spread`` seconds by chance; returns the number after the last."""
    chance = Random(1)
    began, turns = time.monotonic(), int(rate * seconds)
    for turn in range(turns):
        time.sleep(max(0.0, began + turn / rate + chance.random() * spread - time.monotonic()))
        publisher.send(stamped(first + turn, time.time() * 1000))
    publisher.flush()
    return first + turns


def quantiles(times: Iterable[float], *wanted: float) -> tuple[float, ...]:
    """Quantiles of times."""
    return tuple(float(each) for each in np.quantile(list(times), wanted))


class Bare:
    """A bare consumer, which only notes how many milliseconds each record took."""

    def __init__(self, topic: Topic[Bar], bootstrap_servers: str) -> None:
        self.times: list[float] = []
        self._topic = topic
        self._connection = {"bootstrap.servers": bootstrap_servers}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with Subscriber(self._topic, Bar, self._connection, group="bare") as subscriber:
            begun = False
            while not self._stop.is_set():
                if not begun and subscriber.origin is not None:
                    subscriber.begin({})
                    begun = True
                now = time.time() * 1000
                self.times += [now - each.volume for each in subscriber.arrived().records if each.volume]
                time.sleep(0.002)
