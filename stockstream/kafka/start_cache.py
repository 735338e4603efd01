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

from stockstream import processes
from stockstream.errors import BrokerError, StockstreamError
from stockstream.kafka import java
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.client import LOG
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

    That takes some seconds, once; ``begin`` is called before. If it cannot be made, the log has the reason, an empty
    file ``start-<release>.failed`` beside the jars says so, and it is not tried again while that file is there.
    """
    cache = java.start_cache(classpath)
    if cache is None:
        return False
    failed = cache.with_suffix(".failed")
    if cache.exists() or failed.exists():
        return cache.exists()
    # Kafka runs without it: whatever the reason is, it is no error.
    try:
        with FileLock(cache.with_suffix(".lock"), patience=_WITHIN):
            if not cache.exists() and not failed.exists():
                begin()
                _try(cache, classpath, failed)
    except (OSError, Locked, StockstreamError) as error:
        LOG.info("no faster start of Kafka is prepared now: %s", error)
    return cache.exists()


def _try(cache: Path, classpath: Sequence[Path], failed: Path) -> None:
    try:
        # What a Java that is being killed still writes must not hide an interruption.
        with tempfile.TemporaryDirectory(dir=cache.parent, ignore_cleanup_errors=True) as name:
            _create(_recorded(Path(name), classpath), classpath).replace(cache)
    except (OSError, StockstreamError, subprocess.SubprocessError) as error:
        LOG.warning("a faster start of Kafka cannot be prepared (delete %s to try again): %s", failed, error)
        failed.touch()


def _recorded(folder: Path, classpath: Sequence[Path]) -> Path:
    """The record of a start of Kafka, made in this folder. Raises `BrokerError`."""
    record = folder / "record"
    with _Recorded(folder / "kafka", classpath, record) as broker:
        broker.ask()
        with suppress(StockstreamError):  # it ended, as it was asked to
            broker.wait(_WITHIN)
    return record


def _create(record: Path, classpath: Sequence[Path]) -> Path:
    """The cache of a record, beside it. Raises `BrokerError`, or TimeoutExpired of subprocess."""
    made, output = record.with_name("made"), record.with_name("out")
    creating = ("-XX:AOTMode=create", f"-XX:AOTConfiguration={record}", f"-XX:AOTCache={made}")
    process = java.spawn(creating, classpath=classpath, cwd=record.parent, output=output)
    try:
        code = process.wait(_WITHIN)
    finally:
        processes.kill(process)
    if code or not made.exists():
        reason = java.complaint(output.read_text(errors="replace"))
        raise BrokerError(f"Java ended with code {code}: {reason}")
    return made
