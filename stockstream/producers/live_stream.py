"""Websocket of a source, kept open: reconnected with jitter, and monitored for silence while a market is open."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from queue import Empty, Full, Queue
from typing import Final

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from stockstream.errors import RateLimited, Unavailable
from stockstream.producers.bar_source import Heard, Stream
from stockstream.producers.clock import Clock
from stockstream.producers.patience import Breaker, Patience, retry_after
from stockstream.producers.reporter import Reporter

_OPENING: Final = 20.0
_CLOSING: Final = 2.0
_MOST_WAITING: Final = 10_000
_MOST_BYTES: Final = 1 << 20
_STEADY: Final = 60.0
"""Seconds after which a connection counts as steady: its loss is reported, and counts as the first one."""

_TOO_MANY: Final = 429


class LiveStream:
    """Messages of a source's websocket, across losses of the connection.

    All decisions are made on the caller's thread, in `heard`; only the socket has a thread, one for each connection.

    Parameters
    ----------
    stream
        Address of the stream, and how to read its messages.
    title
        Name of the source in messages.
    missed
        Called with the start and end of a time without a connection; the first start is None.
    patience
        Pauses before connecting again.
    breaker
        Circuit breaker that each connection waits for.
    reporter
        Receives a message for each loss.
    clock
        The clock.

    Attributes
    ----------
    up : bool
        Whether the connection is open.
    connections, messages : int
        Number of connections opened and of messages received so far.
    """

    def __init__(
        self,
        stream: Stream,
        title: str,
        missed: Callable[[datetime | None, datetime], None],
        *,
        patience: Patience,
        breaker: Breaker,
        reporter: Reporter,
        clock: Clock,
    ) -> None:
        self.up = False
        self.connections = 0
        self.messages = 0
        self._stream = stream
        self._title = title
        self._missed = missed
        self._patience = patience
        self._breaker = breaker
        self._reporter = reporter
        self._clock = clock
        self._line: _Line | None = None
        self._next = clock.monotonic()
        self._opened_at = self._heard_at = self._again_at = 0.0
        self._last: datetime | None = None
        self._losses = 0
        self._reported = self._unreadable = False

    def heard(self, *, market_open: bool) -> Iterator[Heard]:
        """Messages since the last call; call this some times a second.

        ``market_open`` is whether silence means that the connection is lost.
        """
        now = self._clock.monotonic()
        if self._line is None:
            if now >= max(self._next, self._breaker.opens_until):
                self._line = _Line(self._stream)
            return
        line = self._line
        if line.opened and not self.up:
            self._begin(now)
        for message in line.taken():
            self._heard_at, self._last = now, self._clock.now()
            self.messages += 1
            yield from self._read(message)
        if line.ended is not None:
            self._lose(now, line.ended)
        elif self.up:
            self._look_after(line, now, market_open=market_open)

    def close(self) -> None:
        """Close the stream for good."""
        if self._line is not None:
            self._line.drop()
        self._line, self.up = None, False

    def _begin(self, now: float) -> None:
        self.up = True
        self.connections += 1
        self._opened_at = self._heard_at = now
        self._again_at = now + self._stream.again
        self._missed(self._last, self._clock.now())
        self._last = self._clock.now()

    def _look_after(self, line: _Line, now: float, *, market_open: bool) -> None:
        if self._reported and now - self._opened_at >= _STEADY:
            self._reporter.note(f"{self._title}'s stream is steady again")
            self._reported = False
        if self._stream.again and now >= self._again_at:
            self._again_at = now + self._stream.again
            line.send(self._stream.subscribe)
        if not market_open:
            self._heard_at = now
        elif now - self._heard_at >= self._stream.stall:
            self._lose(now, Unavailable(f"nothing was heard for {self._stream.stall:.0f} s"))

    def _lose(self, now: float, why: Unavailable | RateLimited) -> None:
        if self._line is not None:
            self._line.drop()
        steady = self.up and now - self._opened_at >= _STEADY
        self._losses = 1 if steady else self._losses + 1
        self._line, self.up = None, False
        pause = self._breaker.refused(why) if isinstance(why, RateLimited) else self._patience.pause(self._losses, why)
        self._next = now + pause
        if not self._reported:
            self._reporter.warn(
                f"{self._title}'s stream: {why.message}; it is opened again, and polling goes on meanwhile"
            )
        self._reported = True

    def _read(self, message: str | bytes) -> Iterator[Heard]:
        try:
            yield from self._stream.read(message)
        except ValueError as error:
            if not self._unreadable:
                self._reporter.warn(f"{self._title}'s stream: a message cannot be read ({error}); the others are")
            self._unreadable = True


class _Line:
    """One connection, on a separate daemon thread."""

    def __init__(self, stream: Stream) -> None:
        self.opened = False
        self.ended: Unavailable | RateLimited | None = None
        self._messages: Queue[str | bytes] = Queue(_MOST_WAITING)
        self._socket: ClientConnection | None = None
        self._dropped = False
        threading.Thread(target=self._run, args=(stream,), daemon=True, name="stream").start()

    def taken(self) -> Iterator[str | bytes]:
        """The messages received so far."""
        for _ in range(self._messages.qsize()):
            try:
                yield self._messages.get_nowait()
            except Empty:
                return

    def send(self, text: str) -> None:
        """Send a text; the reader detects a lost connection."""
        if self._socket is not None:
            with suppress(OSError, WebSocketException):
                self._socket.send(text)

    def drop(self) -> None:
        """Drop the connection, without waiting for the closing handshake."""
        self._dropped = True
        if self._socket is not None:
            threading.Thread(target=self._close, daemon=True, name="stream-closing").start()

    def _close(self) -> None:
        if self._socket is not None:
            with suppress(OSError, WebSocketException):
                self._socket.close()

    def _run(self, stream: Stream) -> None:
        try:
            with connect(
                stream.url, open_timeout=_OPENING, close_timeout=_CLOSING, max_size=_MOST_BYTES
            ) as self._socket:
                if stream.subscribe:
                    self._socket.send(stream.subscribe)
                self.opened = True
                for message in self._socket:
                    self._put(message)
                    if self._dropped:
                        return
            self.ended = Unavailable("it was closed")
        except InvalidStatus as error:
            status = error.response.status_code
            if status == _TOO_MANY:
                wait = retry_after(error.response.headers.get("Retry-After"))
                self.ended = RateLimited("it refuses for now (429 Too Many Requests)", retry_after=wait)
            else:
                self.ended = Unavailable(f"it fails (status {status})")
        except ConnectionClosed as error:
            self.ended = Unavailable(f"the connection was lost ({error})")
        except (OSError, WebSocketException, ValueError) as error:
            self.ended = Unavailable(f"it cannot be reached ({type(error).__name__}: {error})")
        finally:
            if self.ended is None:
                self.ended = Unavailable("it ended")

    def _put(self, message: str | bytes) -> None:
        """Queue a message; if the queue is full, the reader waits, and with it the service."""
        while not self._dropped:
            with suppress(Full):
                self._messages.put(message, timeout=0.5)
                return
