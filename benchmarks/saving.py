"""Cost of saving a view's state: a topic is read with and without saving, and closed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from benchmarks.consume import BARS, FLIGHTS_TOPIC, ROWS, STOCKS_TOPIC, SYMBOLS, apart, bars, flights, watch
from benchmarks.measure import Comparison, compare
from stockstream.consumers import live
from stockstream.consumers.flights import VIEW as FLIGHTS_VIEW
from stockstream.consumers.registry import VIEWS
from stockstream.kafka.publisher import Publisher
from stockstream.topics import Topic
from stockstream.views.checkpoint import Checkpoint
from stockstream.views.fold import Selection
from stockstream.views.view import View

AGAIN: Final = 3
"""Number of times that the records are sent."""

EVERY: Final = 1.0
"""Seconds between two saves, a tenth of those in use: the records are read within some 7 s."""

_SAVES: Final = "saves"

FLIGHTS_SAVED: Final = replace(FLIGHTS_TOPIC, name="bench-saved-flights")
STOCKS_SAVED: Final = replace(STOCKS_TOPIC, name="bench-saved-stocks")


def run(bootstrap_servers: str, folder: Path) -> Iterator[Comparison]:
    """Read flights, and bars with Bollinger Bands, with a saved state and without any."""
    connection = {"bootstrap.servers": bootstrap_servers}
    _send(FLIGHTS_SAVED, flights, connection)
    _send(STOCKS_SAVED, bars, connection)
    for name, number in (("flights", ROWS), ("bollinger", BARS)):
        compared = compare(
            f"{name}, its state saved every {EVERY:g} s",
            partial(apart, read, name, connection, folder),
            "the same, saved nowhere",
            partial(apart, read, name, connection, None),
            aim=0.9,
            work=f"{number * AGAIN:,} records, {number:,} of them different, read to the end and closed",
            pairs=3,
        )
        yield replace(compared, work=f"{compared.work}, {(folder / _SAVES).read_text()} saves")


def _send(topic: Topic[Any], records: Callable[[], Iterator[Any]], connection: Mapping[str, Any]) -> None:
    with Publisher[Any](topic, connection, linger_ms=50) as publisher:
        for _ in range(AGAIN):
            for record in records():
                publisher.send(record)


def read(name: str, connection: dict[str, Any], states: Path | None) -> float:
    """Read a topic to its end and close; returns the seconds. Each time the state begins empty."""
    view: View[Any]
    if name == "flights":
        view, selection, parameters = replace(FLIGHTS_VIEW, topic=FLIGHTS_SAVED), Selection(), {}
    else:
        view = replace(VIEWS[name], topic=STOCKS_SAVED)
        selection, parameters = Selection(SYMBOLS), {"period": 20, "width": 2.0}
    own = states and Path(tempfile.mkdtemp(dir=states))
    with (
        patch.object(live, "_SAVE_EVERY", EVERY),
        patch.object(live, "_SAVE_AT_LATEST", EVERY),
        patch.object(Checkpoint, "save", autospec=True, side_effect=Checkpoint.save) as save,
    ):
        started = time.perf_counter()
        with watch(view, selection, parameters, connection, own):
            pass
        seconds = time.perf_counter() - started
    if states:
        (states / _SAVES).write_text(str(save.call_count))
    return seconds
