"""Bodies of requests: bounded before anybody reads them, so that no stranger fills the memory."""

from __future__ import annotations

from typing import Final

from fastapi import HTTPException, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST: Final = 128_000
"""Bytes of a body; a layout, the largest one, has at most half of it."""

_TEXT: Final = f"the body of a request is limited to {LARGEST:,} bytes"
_TOO_LARGE: Final = 413  # starlette renamed its constant


class Bounded:
    """Middleware: refuses a body by its length where that is declared, and by counting where it is not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As ASGI says."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > LARGEST:
            await Response(_TEXT, _TOO_LARGE)(scope, receive, send)
            return
        count = 0

        async def counted() -> Message:
            nonlocal count
            message = await receive()
            count += len(message.get("body", b""))
            if count > LARGEST:
                raise HTTPException(_TOO_LARGE, _TEXT)
            return message

        await self._app(scope, counted, send)
