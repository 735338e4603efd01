"""Cache of Kafka's classes as Java has loaded and linked them: with it a start takes half of the processor time.

It lies beside the jars, and belongs to them and to one release of Java; another Java, or other jars, do not take it.
It is made once, by a start of a broker that Java records.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from stockstream.errors import StockstreamError
from stockstream.kafka import java
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.filelock import FileLock, Locked

_WITHIN: Final = 120.0
"""Seconds for each step, and for another process that makes the same."""


class _Recorded(Broker):
    """A broker whose classes Java records when it ends."""

    def __init__(self, data: Path, classpath: Sequence[Path], record: Path) -> None:
        super().__init__(data, classpath, port=free_port())
        self._record = record

    def _spawn(self, lock: FileLock, *arguments: str) -> subprocess.Popen[bytes]:
        recording = ("-XX:AOTMode=record", f"-XX:AOTConfiguration={self._record}") if "kafka.Kafka" in arguments else ()
        return super()._spawn(lock, *recording, *arguments)


def ensure(classpath: Sequence[Path], begin: Callable[[], None] = lambda: None) -> bool:
    """Make the cache of these jars if there is none; whether there is one then.

    That takes some seconds, once; ``begin`` is called before.
    """
    cache = java.start_cache(classpath)
    if cache is None:
        return False
    if cache.exists():
        return True
    # Kafka runs without it: whatever the reason is, it is no error.
    passed_over = suppress(OSError, Locked, StockstreamError, subprocess.SubprocessError)
    with passed_over, FileLock(cache.with_suffix(".lock"), patience=_WITHIN):
        if not cache.exists():
            begin()
            _make(cache, classpath)
    return cache.exists()


def _make(cache: Path, classpath: Sequence[Path]) -> None:
    with tempfile.TemporaryDirectory(dir=cache.parent) as name:
        folder = Path(name)
        record, made = folder / "record", folder / "made"
        with _Recorded(folder / "kafka", classpath, record) as broker:
            broker.ask()
            with suppress(StockstreamError):  # it ended, as it was asked to
                broker.wait(_WITHIN)
        creating = ("-XX:AOTMode=create", f"-XX:AOTConfiguration={record}", f"-XX:AOTCache={made}")
        java.spawn(creating, classpath=classpath, cwd=folder, output=folder / "out").wait(_WITHIN)
        made.replace(cache)
