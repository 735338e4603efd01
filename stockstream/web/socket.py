"""WebSocket of the page: charts are opened on it, each with a number, and their changes are sent on it."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from contextlib import suppress
from typing import Annotated, Final, TypeAlias

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect, status
from fastapi.concurrency import run_in_threadpool
from starlette.websockets import WebSocketState

from stockstream.errors import StockstreamError
from stockstream.web.chart import ChartRequest
from stockstream.web.hub import LOG, Hub, Unready
from stockstream.web.outbox import Outbox
from stockstream.web.security import Guard, admitted
from stockstream.web.services import of
from stockstream.web.shown import LevelSpec

router = APIRouter()

_MOST_CHARTS: Final = 16
_LARGEST: Final = 16_384
_OLDER_ROWS: Final = 20_000
_ASKED_AGAIN: Final = 5.0
"""Seconds after which it is asked again whether the session still exists."""

_ENDED: Final = 4401
"""The code with which a socket is closed whose session has ended: the page says so."""

_ALIVE_EVERY: Final = 2.0
_MOST_SOCKETS: Final = 150
"""Pages of one user at a time."""

_numbers = itertools.count()
_of_users: Counter[str] = Counter()


class Open(msgspec.Struct, tag="open", forbid_unknown_fields=True):
    """Show a chart under a number."""

    chart: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    request: ChartRequest


class Close(msgspec.Struct, tag="close", forbid_unknown_fields=True):
    """Show a chart no longer."""

    chart: int


class Older(msgspec.Struct, tag="older", forbid_unknown_fields=True):
    """Send rows before an instant, in microseconds since 1970."""

    chart: int
    before: int


class Levels(msgspec.Struct, tag="levels", forbid_unknown_fields=True):
    """Watch price levels of a chart, in place of former ones."""

    chart: int
    levels: tuple[LevelSpec, ...]


class Active(msgspec.Struct, tag="active", forbid_unknown_fields=True):
    """A person works on the page: its session is in use."""


Message: TypeAlias = Open | Close | Older | Levels | Active

_decode: Final = msgspec.json.Decoder(Message).decode
_encode: Final = msgspec.json.Encoder().encode


class _Opened:
    """A chart on this socket: its outbox, and the task that empties it."""

    def __init__(self, request: ChartRequest) -> None:
        self.request = request
        self.outbox = Outbox()
        self.task: asyncio.Task[None] | None = None


class _Page:
    """One page at the other end of a socket."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._hub: Hub = of(socket).hub
        self._guard: Guard = socket.app.state.guard
        self._number = next(_numbers)
        self._charts: dict[int, _Opened] = {}
        self._sending = asyncio.Lock()

    async def take(self, text: str) -> None:
        """Do what a message asks for."""
        try:
            message = _decode(text)
            if isinstance(message, Open):
                await self._open(message)
            elif isinstance(message, Close):
                await self._close(message.chart)
            elif isinstance(message, Levels):
                await self._watch(message)
            elif isinstance(message, Active):
                await run_in_threadpool(self._guard.use, self._socket)
            else:
                opened = self._charts.get(message.chart)
                if opened is not None:
                    before, request = message.before, opened.request
                    rows = await self._hub.ask(lambda: self._hub.older(request, before, _OLDER_ROWS))
                    opened.outbox.put(rows)  # in order with what changed before it
        except (ValueError, KeyError, StockstreamError) as error:  # msgspec's error is a ValueError
            chart = msgspec.json.decode(text, type=_Numbered).chart if _is_numbered(text) else None
            retry = isinstance(error, Unready)
            await self._send(chart, _encode({"type": "problem", "text": str(error), "retry": retry}))

    async def _open(self, message: Open) -> None:
        await self._close(message.chart)
        if len(self._charts) >= _MOST_CHARTS:
            raise StockstreamError(f"a page shows {_MOST_CHARTS} charts at most", hint="close one")
        opened = _Opened(message.request)
        key = self._number, message.chart
        snapshot = await self._hub.ask(lambda: self._hub.open(opened.request, key, opened.outbox))
        self._charts[message.chart] = opened
        await self._send(message.chart, snapshot)
        opened.task = asyncio.create_task(self._follow(message.chart, opened))

    async def _watch(self, message: Levels) -> None:
        opened = self._charts.get(message.chart)
        if opened is not None:
            key, levels = (self._number, message.chart), message.levels
            await self._hub.ask(lambda: self._hub.watch(opened.request, key, levels))
            await self._send(message.chart, _encode({"type": "watched"}))

    async def _follow(self, chart: int, opened: _Opened) -> None:
        while True:
            message = await opened.outbox.take()
            if message is None:
                try:
                    message = await self._hub.ask(lambda: self._hub.snapshot(opened.request))
                except (ValueError, StockstreamError) as error:
                    message = _encode({"type": "problem", "text": str(error), "retry": True})
            await self._send(chart, message)

    async def live(self) -> None:
        """Give a sign of life now and then, also to a page whose charts could not be opened."""
        while True:
            await self._send(None, _encode({"type": "alive"}))
            await asyncio.sleep(_ALIVE_EVERY)

    async def _close(self, chart: int) -> None:
        opened = self._charts.pop(chart, None)
        if opened is None:
            return
        if opened.task is not None:
            opened.task.cancel()
        key = self._number, chart
        await self._hub.ask(lambda: self._hub.close(opened.request, key))

    async def _send(self, chart: int | None, message: bytes) -> None:
        text = message.decode()
        async with self._sending:
            await self._socket.send_text(f'{{"chart":{_encode(chart).decode()},"message":{text}}}')

    async def leave(self) -> None:
        """Close all charts."""
        for chart in list(self._charts):
            await self._close(chart)


class _Numbered(msgspec.Struct):
    chart: int


def _is_numbered(text: str) -> bool:
    with suppress(msgspec.MsgspecError):
        msgspec.json.decode(text, type=_Numbered)
        return True
    return False


@router.websocket("/ws")
async def charts(socket: WebSocket) -> None:
    """Serve one page until it goes, or its session ends."""
    identity = await admitted(socket)
    if identity is None:
        return
    await socket.accept()
    if _of_users[identity.user] >= _MOST_SOCKETS:
        await socket.close(status.WS_1013_TRY_AGAIN_LATER)
        return
    _of_users[identity.user] += 1
    page = _Page(socket)
    tasks = [asyncio.create_task(_end_with_session(socket)), asyncio.create_task(page.live())]
    try:
        while True:
            text = await socket.receive_text()
            if len(text) > _LARGEST:
                break
            await page.take(text)
    except (WebSocketDisconnect, RuntimeError):
        pass  # the page has gone
    finally:
        _of_users[identity.user] -= 1
        for task in tasks:
            task.cancel()
        await page.leave()
        if socket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError):
                await socket.close()


async def _end_with_session(socket: WebSocket) -> None:
    """Close the socket when its session has ended: by logout, by an admin, or by its age."""
    guard: Guard = socket.app.state.guard
    try:
        while await asyncio.to_thread(guard.identity, socket) is not None:
            await asyncio.sleep(_ASKED_AGAIN)
    except Exception:  # noqa: BLE001 - logged
        LOG.exception("whether a session has ended cannot be known")
    with suppress(RuntimeError):  # also if it cannot be known: nobody stays in for that reason
        await socket.close(_ENDED)
