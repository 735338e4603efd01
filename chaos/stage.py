"""Stage of a trial: a broker, a producer that sends a file at a rate, a window that counts it."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, Self

from confluent_kafka import Consumer, KafkaException

from benchmarks.flights_file import AIRLINES, write
from chaos.brokers import ProxiedBroker
from chaos.disks import small_disk
from chaos.jumping_clock import FILE
from chaos.nodes import Nodes
from chaos.programs import Program
from chaos.truth import Cell, Truth, shown
from stockstream.config import load
from stockstream.kafka.bounds import bounds
from stockstream.kafka.client import settings
from stockstream.kafka.jars import fetch
from stockstream.topics import FLIGHTS

RECOVERS_WITHIN: Final = 120.0
"""Seconds after which a recovery is no longer waited for."""

_SENT: Final = re.compile(r"([\d,]+) sent, ([\d,]+) refused, ([\d,]+) already there")
_STOPPED: Final = 128 + 15
_ENDS_LEFT: Final = 3
_SAVES_WITHIN: Final = 20.0
_GLANCE: Final = 0.001
_LOOK: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Needs of a kind of fault.

    Parameters
    ----------
    rows
        Rows of the file for each fault.
    whole
        Whether the producer sends the complete file, instead of sending as long as faults happen.
    options
        Further options of the producer.
    producer, window
        Names of their alterations in `chaos.altered`.
    small
        Megabytes of the disk of each folder (``data``, ``state``) that is on a small one.
    nodes
        Number of brokers.
    """

    rows: int = 30_000
    whole: bool = False
    options: tuple[str, ...] = ()
    producer: tuple[str, ...] = ()
    window: tuple[str, ...] = ()
    small: tuple[tuple[str, int], ...] = ()
    nodes: int = 1


class Stage:
    """A broker with a producer and a window at work. Leaving the block ends all of them.

    Parameters
    ----------
    folder
        An empty folder for all files.
    setup
        Needs of the kind of fault.
    random
        Source of all randomness.
    faults
        Number of faults.
    rate
        Rows a second.
    without
        The protections that are switched off.

    Attributes
    ----------
    is_control
        Whether protections are switched off.
    extra
        Records in the topic that are not rows of the file.
    poison
        The values of the unreadable ones.
    partitions
        Number of partitions of the topic.
    stretches
        How many stretches of rows the window has shown.
    """

    def __init__(
        self, folder: Path, setup: Setup, random: Random, *, faults: int, rate: float, without: Sequence[str] = ()
    ) -> None:
        self.folder = folder
        self.setup = setup
        self.random = random
        self.is_control = bool(without)
        self.extra = 0
        self.poison: list[bytes | None] = []
        self.partitions = FLIGHTS.partitions
        self.stretches = 0
        self._version: tuple[int, int, int] | None = None
        self._shown: Counter[Cell] = Counter()
        self.clock = folder / "clock"
        self._rate = rate
        self._resources = ExitStack()
        self._small = setup.small
        self.data, self.state, self.values = folder / "data", folder / "state", folder / "values.csv"
        file = write(folder / "flights.csv", setup.rows * (faults + 1))
        self.truth = Truth(file)
        self._brokers: ProxiedBroker | Nodes
        if setup.nodes > 1:
            self._brokers = Nodes(setup.nodes, folder, self._own_env)
        else:
            self._brokers = ProxiedBroker(self.data / "kafka", fetch(load(None, {}).cache_dir))
        send = ["produce", "flights", str(file), "--rate", f"{rate:g}", *setup.options]
        show = ["watch", "flights", *AIRLINES, "--values", str(self.values), "--force"]
        self.producer = Program(send, folder, self._env, (*setup.producer, *without))
        self.window = Program(show, folder, self._env, (*setup.window, *without))

    @property
    def connection(self) -> dict[str, Any]:
        """Connection properties of librdkafka."""
        return {"bootstrap.servers": self._brokers.address}

    @property
    def broker(self) -> ProxiedBroker:
        """The single broker."""
        assert isinstance(self._brokers, ProxiedBroker)
        return self._brokers

    @property
    def nodes(self) -> Nodes:
        """The cluster of several brokers."""
        assert isinstance(self._brokers, Nodes)
        return self._brokers

    @property
    def _own_env(self) -> dict[str, str]:
        away = ("STOCKSTREAM_", "DISPLAY", "WAYLAND_DISPLAY")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(away)}
        own = {
            "STOCKSTREAM_STATE_DIR": str(self.state),
            "STOCKSTREAM_DATA_DIR": str(self.data),
            "PYTHONPATH": str(Path(__file__).parents[1]),
            FILE: str(self.clock),
        }
        return inherited | own

    @property
    def _env(self) -> dict[str, str]:
        return self._own_env | {"STOCKSTREAM_BOOTSTRAP_SERVERS": self._brokers.address}

    def __enter__(self) -> Self:
        try:
            for name, megabytes in self._small:
                self._resources.enter_context(small_disk(self.folder / name, megabytes))
            self._resources.enter_context(self._brokers)
            for program in (self.producer, self.window):
                self._resources.callback(program.kill)
                program.start()
            self._consumer = Consumer(settings(self.connection, group_id="chaos"))
            self._resources.callback(self._consumer.close)
            self.await_rows(1)
        except BaseException:
            self._resources.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    def shown(self) -> Counter[Cell]:
        """The counts that the window shows; its file is read again only if it has changed."""
        try:
            found = self.values.stat()
        except FileNotFoundError:
            return Counter()
        version = found.st_mtime_ns, found.st_ino, found.st_size
        if version != self._version:
            self._version, self._shown = version, shown(self.values)
        return self._shown

    def await_rows(self, rows: int) -> None:
        """Wait until the window shows a number of rows."""
        self.until(lambda: self.shown().total() >= rows, f"the window shows {rows:,} rows")

    def await_save(self) -> None:
        """Return as the window begins to write its state, after 20 s at the latest."""
        before = _written(self.state)
        ends = time.monotonic() + _SAVES_WITHIN
        while time.monotonic() < ends and _written(self.state) in (before, 0):
            time.sleep(_GLANCE)

    def ends(self) -> int:
        """Number of records of the file's rows in the topic, including repeated ones.

        Raises KafkaException if the broker does not answer.
        """
        ends = bounds(self._consumer, FLIGHTS.name, 2)
        return sum(high for _, high in ends.values()) - self.extra

    def _known_ends(self) -> int | None:
        try:
            return self.ends()
        except (KafkaException, KeyError):  # no broker, or no topic yet
            return None

    def recovery(self) -> float:
        """Seconds from now until the window shows rows that were sent after now; `RECOVERS_WITHIN` if it does not."""
        began = time.monotonic()
        due: int | None = None
        while (passed := time.monotonic() - began) < RECOVERS_WITHIN:
            if due is None and (ends := self._known_ends()) is not None:
                due = ends + 1
            if due is not None and self.shown().total() >= due:
                ends = self._known_ends()
                # A window that still shows a deleted topic has too many.
                if ends is not None and self.shown().total() <= ends:
                    return passed
            time.sleep(_LOOK)
        return RECOVERS_WITHIN

    def close_producer(self) -> int:
        """End the producer; returns the number of the file's first rows that it reports as acknowledged."""
        self.until(lambda: self.producer.at_work, "the producer is at work")
        code = self.producer.wait(self._longest) if self.setup.whole else self.producer.end()
        for _ in range(_ENDS_LEFT):
            if code in (0, _STOPPED):
                break
            self.producer.start()  # as its error says
            code = self.producer.wait(self._longest)
        result = _SENT.search(self.producer.result())
        if result is None:
            raise RuntimeError(f"the producer ended with {code}: {self.producer.result() or 'and said nothing'}")
        sent, _, already = (int(number.replace(",", "")) for number in result.groups())
        return min(sent + already, len(self.truth))

    @property
    def _longest(self) -> float:
        return len(self.truth) / self._rate + 60

    def close_window(self, expected: Counter[Cell], patience: float) -> Counter[Cell]:
        """End the window once it shows the expected counts, or nothing new for a while; returns its counts."""
        self.until(self._is_new, "the window shows what it has since it was opened")
        changed, before = time.monotonic(), self.shown()
        while before != expected and time.monotonic() - changed < patience:
            time.sleep(_LOOK)
            now = self.shown()
            if now != before:
                changed, before = time.monotonic(), now
        self.window.end()
        return self.shown()

    def _is_new(self) -> bool:
        """Whether the present window has written its counts, and not an earlier, killed one.

        Raises RuntimeError if it has ended, as one without a protection may.
        """
        if not self.window.alive:
            raise RuntimeError(f"the window has ended: {self.window.result()}")
        return self.values.exists() and self.values.stat().st_mtime > self.window.started

    def run(self, *arguments: str) -> None:
        """Run another of our commands to its end. Raises RuntimeError if it fails."""
        command = Program(arguments, self.folder, self._env)
        command.start()
        code = command.wait()
        if code:
            raise RuntimeError(f"{' '.join(arguments)} ended with {code}: {command.result()}")

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition. Raises RuntimeError after a time-out."""
        ends = time.monotonic() + RECOVERS_WITHIN
        while not condition():
            if time.monotonic() > ends:
                raise RuntimeError(f"{what}: not within {RECOVERS_WITHIN:g} s")
            time.sleep(_LOOK)


def _written(state: Path) -> int:
    """Time of the last write to the database's log, in nanoseconds; 0 while there is none."""
    for file in state.glob("*/flights/*/checkpoint.sqlite-wal"):
        try:
            return file.stat().st_mtime_ns
        except FileNotFoundError:
            return 0
    return 0
