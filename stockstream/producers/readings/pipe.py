"""Pipe: the lines of standard input as they arrive, read on a separate thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import Empty, Queue
from typing import Final, Protocol

_BEAT: Final = 0.2
_BLOCK: Final = 1 << 16
_WAITING: Final = 64
"""Maximum number of queued blocks; then the writer at the other end waits."""


class Readable(Protocol):
    """A stream of bytes; `sys.stdin.buffer` is one."""

    def read1(self, size: int, /) -> bytes:
        """The available bytes, up to a number; waits for the first one; none at the end."""


def lines(stream: Readable) -> Iterator[list[bytes] | None]:
    """The lines of a stream, in groups as they arrive, and a None five times a second while there are none.

    A last line without an end counts. The reading thread is a daemon.
    """
    blocks: Queue[bytes] = Queue(_WAITING)
    threading.Thread(target=_read, args=(stream, blocks), daemon=True, name="pipe").start()
    rest = b""
    while True:
        try:
            block = blocks.get(timeout=_BEAT)
        except Empty:
            yield None
            continue
        if not block:
            break
        whole, end, begun = block.rpartition(b"\n")
        if end:
            yield (rest + whole).split(b"\n")
            rest = begun
        else:
            rest += begun
    if rest:
        yield [rest]


def _read(stream: Readable, blocks: Queue[bytes]) -> None:
    while True:
        try:
            block = stream.read1(_BLOCK)
        except (OSError, ValueError):  # closed by this process
            block = b""
        blocks.put(block)
        if not block:
            return
