"""The simplest consumer: a member of a group that commits automatically and counts every record."""

from __future__ import annotations

import csv
import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import NoReturn
from unittest.mock import patch

from confluent_kafka import Consumer

from chaos.truth import Cell
from stockstream.cli import main as command_line
from stockstream.config import load


def use() -> None:
    """Replace our window by it; a producer is not changed."""
    if "watch" in sys.argv:
        patch.object(command_line, "run", _run).start()


def _run() -> NoReturn:
    values = Path(sys.argv[sys.argv.index("--values") + 1])
    connection = {**load(None, {}).connection("consumer"), "group.id": "plain", "auto.offset.reset": "earliest"}
    connection |= {"session.timeout.ms": 6_000, "topic.metadata.refresh.interval.ms": 1_000}
    consumer = Consumer(connection)
    consumer.subscribe(["flights"])
    counts: Counter[Cell] = Counter()
    ended: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's shape
        ended.append(number)

    signal.signal(signal.SIGTERM, end)
    written = 0.0
    while not ended:
        for message in consumer.consume(500, 0.2):
            if message.error() is None:
                flight = json.loads(message.value() or b"")
                counts[f"{flight['year']}-{flight['month']:02}-{flight['day']:02}", flight["airline"]] += 1
        if time.monotonic() - written > 1:
            written = time.monotonic()
            _write(values, counts)
    _write(values, counts)
    consumer.close()
    sys.exit(0)


def _write(path: Path, counts: Counter[Cell]) -> None:
    beside = path.with_suffix(".new")
    with beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("day", "airline", "flights"))
        writer.writerows((*cell, count) for cell, count in counts.items())
    beside.replace(path)
