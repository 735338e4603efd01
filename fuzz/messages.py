"""Mangled messages: each is a record that a window takes, or a dead letter, and the windows continue."""

from __future__ import annotations

import os
import re
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import psutil
from confluent_kafka import Message, Producer

from chaos.programs import Program
from fuzz.mangling import MESSAGE, mangled
from fuzz.originals import messages
from stockstream.codec import Decoder, Unreadable
from stockstream.kafka.admin import Admin
from stockstream.kafka.client import settings
from stockstream.kafka.to_end import ToEnd
from stockstream.records import Bar, Flight
from stockstream.topics import FLIGHTS, STOCKS, Topic

ROUNDS: Final = 20
"""Maximum number of rounds; after each round all sent messages are waited for."""

_OF_A_ROUND: Final = 2_500
_MOST_MANGLES: Final = 3
_QUIET: Final = 120.0
"""Seconds without progress after which a window counts as hanging."""

_ROOM: Final = 100_000_000
"""Bytes by which a window may grow from the fifth round on."""

_KEYS: Final = {STOCKS.name: (b"FUZZ", b"MORE", b"\xff"), FLIGHTS.name: (b"AA", b"DL", None, b"\xff")}
"""Without a key a bar may come in any order, and is then read twice."""

_SAMPLE: Final = re.compile(r"^stockstream_window_(taken_total|lag|counted)\{([^}]*)\} ([0-9.e+]+)$", re.M)
_WHAT: Final = re.compile(r'what="(\w+)"')


@dataclass
class MessageCounts:
    """Results of the messages of a topic; ``faults`` are lines about errors."""

    topic: str
    sent: int = 0
    good: int = 0
    letters: int = 0
    rows: int = 0
    seconds: float = 0.0
    memory: dict[str, list[int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        grown = ", ".join(
            f"{name} {(sizes[-1] - sizes[len(sizes) // 4]) / 1e6:+.0f} MB" for name, sizes in self.memory.items()
        )
        return (
            f"{self.topic}: {self.sent:,} messages: {self.good:,} records, {self.letters:,} dead letters;"
            f" {self.rows:,} rows in tables at the end; {self.seconds:.0f} s; {grown}"
        )


class Watched:
    """A window and its figures."""

    def __init__(self, name: str, arguments: Sequence[str], folder: Path, env: Mapping[str, str], port: int) -> None:
        self.name = name
        self.values = folder / f"{name}.csv"
        home = folder / name
        home.mkdir()
        self._url = f"http://127.0.0.1:{port}/metrics"
        options = ["--values", str(self.values), "--force", "--metrics", str(port)]
        self.program = Program(["watch", *arguments, *options], home, env)
        self.program.start()

    def figures(self) -> dict[str, int]:
        """Records taken, the lag, and the counts, by name; empty while the window does not answer."""
        try:
            with urllib.request.urlopen(self._url, timeout=5) as answer:
                text = answer.read().decode()
        except OSError:
            return {}
        found: dict[str, int] = {}
        for name, labels, value in _SAMPLE.findall(text):
            what = _WHAT.search(labels)
            found[what[1] if what else name] = int(float(value))
        return found

    @property
    def memory(self) -> int:
        """Bytes of the window's private memory."""
        pid = self.program.pid
        return psutil.Process(pid).memory_info().rss if pid is not None else 0


def run(topic: Topic[Any], count: int, seed: int, folder: Path, broker: str, ports: Iterator[int]) -> MessageCounts:
    """Send a number of messages to a topic, in rounds, and check the results of its windows."""
    began, counts = time.monotonic(), MessageCounts(topic.name)
    stocks = topic.name == STOCKS.name
    record: type[Any] = Bar if stocks else Flight
    Admin({"bootstrap.servers": broker}).ensure(topic)
    windows = list(_windows(stocks=stocks, folder=folder, broker=broker, ports=ports))
    try:
        random = Random(f"{seed}/{topic.name}")
        originals = messages(random)[0 if stocks else 1]
        decoder, bad = Decoder(record), 0
        producer = Producer(settings({"bootstrap.servers": broker}, enable_idempotence=True, linger_ms=20))
        rounds = min(ROUNDS, max(1, count // _OF_A_ROUND))
        for number in range(rounds):
            for value in _round(originals, count * (number + 1) // rounds - counts.sent, random):
                _send(producer, topic, value, random)
                counts.sent += 1
                bad += not _is_record(decoder, value)
            producer.flush()
            for window in windows:
                _await(window, counts, counts.sent - bad, bad)
            if counts.faults:
                break
        counts.good, counts.letters = counts.sent - bad, bad
        if (kept := _letters(broker, topic)) != bad:
            counts.faults.append(f"{topic.name}: {bad:,} cannot be read, and {kept:,} are dead letters")
        for window in windows:
            _close(window, counts)
    finally:
        for window in windows:
            window.program.kill()
    counts.seconds = time.monotonic() - began
    return counts


def _windows(*, stocks: bool, folder: Path, broker: str, ports: Iterator[int]) -> Iterator[Watched]:
    away = ("STOCKSTREAM_", "DISPLAY", "WAYLAND_DISPLAY")
    env = {name: value for name, value in os.environ.items() if not name.startswith(away)}
    env |= {"STOCKSTREAM_BOOTSTRAP_SERVERS": broker, "STOCKSTREAM_STATE_DIR": str(folder / "state")}
    wanted = {"dashboard": ["dashboard"]} if stocks else {"flights": ["flights"]}
    for name, arguments in wanted.items():
        yield Watched(name, arguments, folder, env, next(ports))


def _round(originals: Sequence[bytes], count: int, random: Random) -> Iterator[bytes]:
    for _ in range(count):
        yield mangled(random.choice(originals), MESSAGE, random, _MOST_MANGLES)


def _send(producer: Producer, topic: Topic[Any], value: bytes, random: Random) -> None:
    while True:
        try:
            producer.produce(topic.name, value or None, random.choice(_KEYS[topic.name]))
        except BufferError:
            producer.poll(0.1)
        else:
            producer.poll(0)
            return


def _is_record(decoder: Decoder[Any], value: bytes) -> bool:
    try:
        decoder(value or None)
    except Unreadable:
        return False
    return True


def _await(window: Watched, counts: MessageCounts, good: int, bad: int) -> None:
    """Wait until a window has taken all messages; a window that ends or makes no progress is a fault."""
    moved, before = time.monotonic(), window.figures()
    while (before.get("taken_total", -1), before.get("unreadable", 0)) != (good, bad):
        if not window.program.alive:
            counts.faults.append(f"{window.name} ended: {window.program.result()}")
            return
        if time.monotonic() - moved > _QUIET:
            counts.faults.append(f"{window.name}: {good:,} records and {bad:,} others were sent, it has {before}")
            return
        time.sleep(0.1)
        now = window.figures()
        if now and now != before:
            moved, before = time.monotonic(), now
    counts.memory.setdefault(window.name, []).append(window.memory)


def _close(window: Watched, counts: MessageCounts) -> None:
    code = window.program.end()
    if code not in (0, 130, 143):
        counts.faults.append(f"{window.name} ended with {code}: {window.program.result()}")
    counts.rows += sum(1 for _ in window.values.open("rb")) - 1 if window.values.exists() else 0
    sizes = counts.memory.get(window.name, [])
    if sizes and max(sizes) - sizes[len(sizes) // 4] > _ROOM:
        counts.faults.append(f"{window.name}: its memory grew from {sizes[len(sizes) // 4]:,} to {max(sizes):,} bytes")


def _letters(broker: str, topic: Topic[Any]) -> int:
    """Number of messages that are dead letters: their topic is compacted, and keeps the last of each place."""
    places: set[bytes | None] = set()
    with ToEnd({"bootstrap.servers": broker}, topic.dead_letters) as reader:
        found: Sequence[Message]
        for found in reader.messages(reader.ranges()):
            places.update(map(Message.key, found))
    return len(places)
