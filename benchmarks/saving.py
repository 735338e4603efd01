"""Cost of saving a view's state: a topic is read with and without saving, and closed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.consume import BARS, FLIGHTS_TOPIC, ROWS, STOCKS_TOPIC, SYMBOLS, apart, bars, flights, watch
from benchmarks.measure import Comparison, compare
from stockstream.consumers.flights import VIEW as FLIGHTS_VIEW
from stockstream.consumers.registry import VIEWS
from stockstream.kafka.publisher import Publisher
from stockstream.topics import Topic
from stockstream.views.fold import Selection
from stockstream.views.view import View

AGAIN: Final = 3
"""Number of times that the records are sent: reading them then takes longer than the time between two saves."""


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison]:
    """Read flights, and bars with Bollinger Bands, with a saved state and without any."""
    connection = {"bootstrap.servers": bootstrap_servers}
    rows = replace(FLIGHTS_TOPIC, name="bench-saved-flights")
    stocks = replace(STOCKS_TOPIC, name="bench-saved-stocks")
    for topic, records, times in ((rows, flights, AGAIN), (stocks, bars, AGAIN)):
        _send(topic, records, times, connection)
    for view, selection, parameters, number in (
        (replace(FLIGHTS_VIEW, topic=rows), Selection(), {}, ROWS),
        (replace(VIEWS["bollinger"], topic=stocks), Selection(SYMBOLS), {"period": 20, "width": 2.0}, BARS),
    ):
        with tempfile.TemporaryDirectory(dir=folder) as states:
            yield compare(
                f"{view.name}, its state saved",
                partial(apart, read, view, selection, parameters, connection, Path(states)),
                "the same, saved nowhere",
                partial(apart, read, view, selection, parameters, connection, None),
                aim=0.9,
                work=f"{number * AGAIN:,} records, {number:,} of them different, read to the end and closed",
                pairs=3,
            )


def _send(topic: Topic[Any], records: Callable[[], Iterator[Any]], times: int, connection: Mapping[str, Any]) -> None:
    with Publisher[Any](topic, connection, linger_ms=50) as publisher:
        for _ in range(times):
            for record in records():
                publisher.send(record)


def read(
    view: View[Any],
    selection: Selection,
    parameters: dict[str, Any],
    connection: dict[str, Any],
    states: Path | None,
) -> float:
    """Read a topic to its end and close; returns the seconds. Each time the state begins empty."""
    own = states and Path(tempfile.mkdtemp(dir=states))
    started = time.perf_counter()
    with watch(view, selection, parameters, connection, own):
        pass
    return time.perf_counter() - started
