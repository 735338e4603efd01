"""Security of requests: headers of every answer, the origin of what changes anything, who asks, and their role."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request, Response, WebSocket, status
from fastapi.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from stockstream.web.roles import Role
from stockstream.web.services import of
from stockstream.web.sessions import Identity, Sessions

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of every answer: nothing from elsewhere is loaded, nothing inline is run, no page frames this one."""

_SAFE: Final = ("GET", "HEAD", "OPTIONS")

_INVITATION: Final = "/welcome/"
_REPEATED: Final = ("/api/series", "/api/dashboard", "/api/monitor", "/api/alerts", "/api/levels")
"""What pages ask again and again, with nobody before them."""

Next = Callable[[Request], Awaitable[Response]]


def address(connection: HTTPConnection) -> str:
    """The address of whoever asks."""
    return connection.client.host if connection.client else ""


def cookie_name(*, secure: bool) -> str:
    """Name of the session's cookie; under TLS browsers hold it to this host and to TLS."""
    return "__Host-stockstream" if secure else "stockstream"


class Guard:
    """Answers who asks. It is kept at ``app.state.guard``.

    Parameters
    ----------
    sessions
        Sessions and tokens.
    secure
        Whether the page is served over TLS.
    """

    def __init__(self, sessions: Sessions, *, secure: bool) -> None:
        self.sessions = sessions
        self.secure = secure
        self.cookie = cookie_name(secure=secure)

    def identity(self, connection: HTTPConnection) -> Identity | None:
        """Who asks: by a token in the header ``Authorization: Bearer``, otherwise by the session's cookie.

        Requests that pages repeat, and their sockets, are no use of a session: a page left open ends like a closed one.
        Pages tell on the socket that a person works there: `use`.
        """
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.sessions.of_token(token.strip())
        secret = connection.cookies.get(self.cookie)
        used = connection.scope["type"] == "http" and connection.url.path not in _REPEATED
        return self.sessions.find(secret, used=used) if secret else None

    def use(self, connection: HTTPConnection) -> None:
        """Note that a person works on the page of a socket, so that their session goes on."""
        secret = connection.cookies.get(self.cookie)
        if secret:
            self.sessions.find(secret)

    def is_own(self, connection: HTTPConnection) -> bool:
        """Whether a request comes from a page of this server, by its header ``Origin``."""
        origin, host = connection.headers.get("origin"), connection.headers.get("host")
        if not origin or not host:
            return False
        parts = urlsplit(origin)
        return parts.netloc == host and parts.scheme == ("https" if self.secure else "http")


async def secured(request: Request, proceed: Next) -> Response:
    """Middleware: headers, the origin of requests that change anything, and a line of the audit log for the refused."""
    guard: Guard = request.app.state.guard
    request.state.user = ""  # until it is known who asks
    by_token = request.headers.get("authorization", "").lower().startswith("bearer ")
    if request.method not in _SAFE and not by_token and not guard.is_own(request):
        response = Response("this request does not come from a page of this server", status.HTTP_403_FORBIDDEN)
    else:
        response = await proceed(request)
    if response.status_code == status.HTTP_403_FORBIDDEN:
        _note_refused(request, request.state.user, request.method)
    for name, value in HEADERS.items():
        response.headers[name] = value
    if not request.url.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _note_refused(connection: HTTPConnection, user: str, method: str) -> None:
    of(connection).audit.note_seldom(
        "refused",
        user=user,
        address=address(connection),
        request=f"{method} {_told(connection.url.path)}",
        origin=connection.headers.get("origin", ""),
    )


def _told(path: str) -> str:
    """A path without the secret of the first admin's link."""
    return f"{_INVITATION}..." if path.startswith(_INVITATION) else path


async def _who(request: Request) -> Identity:
    guard: Guard = request.app.state.guard
    identity = await run_in_threadpool(guard.identity, request)
    if identity is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "log in, or send a token")
    request.state.user = identity.user
    if identity.csrf and request.method not in _SAFE and request.headers.get("x-csrf-token") != identity.csrf:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "the header X-CSRF-Token is missing or wrong")
    return identity


@dataclass(frozen=True)
class AtLeast:
    """Admits whoever has a role, or one that covers it."""

    role: Role

    def __call__(self, identity: Annotated[Identity, Depends(_who)]) -> Identity:
        """Who asks; otherwise the answer is 401 or 403."""
        if not identity.role.covers(self.role):
            raise HTTPException(status.HTTP_403_FORBIDDEN, f"this needs the role {self.role}")
        return identity


Viewer = Annotated[Identity, Depends(AtLeast(Role.VIEWER))]
Analyst = Annotated[Identity, Depends(AtLeast(Role.ANALYST))]
Admin = Annotated[Identity, Depends(AtLeast(Role.ADMIN))]
"""Parameters of endpoints: whoever asks, if their role covers this one; otherwise the answer is 401 or 403."""


async def admitted(socket: WebSocket) -> Identity | None:
    """Who opens a WebSocket; None, with the socket refused, for strangers and for pages of others."""
    guard: Guard = socket.app.state.guard
    identity = await run_in_threadpool(guard.identity, socket)
    by_token = socket.headers.get("authorization", "").lower().startswith("bearer ")
    if identity is None or not (by_token or guard.is_own(socket)):
        if identity is not None:
            _note_refused(socket, identity.user, "WebSocket")
        await socket.close(status.WS_1008_POLICY_VIOLATION)
        return None
    return identity
