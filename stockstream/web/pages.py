"""Pages without a session: login, logout, and the welcome of the first admin."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response, status
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from stockstream.errors import StockstreamError
from stockstream.names import cut
from stockstream.web.security import Guard, Viewer, address
from stockstream.web.services import of
from stockstream.web.sessions import LIFETIME

router = APIRouter(include_in_schema=False)

_TEMPLATES: Final = Environment(
    loader=PackageLoader("stockstream.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
Name = Annotated[str, Form(max_length=200)]
Password = Annotated[str, Form(max_length=1_000)]


def render(template: str, code: int = status.HTTP_200_OK, **values: str) -> HTMLResponse:
    """A page from a template."""
    return HTMLResponse(_TEMPLATES.get_template(template).render(values), code)


@router.get("/login")
async def show_login() -> Response:
    """The form of the login."""
    return render("login.html.jinja", message="", name="")


@router.post("/login")
async def log_in(request: Request, name: Name, password: Password) -> Response:
    """Begin a session, or say that name and password do not match, but not which of them."""
    services = of(request)
    where = address(request)
    if not services.logins.begin(name, where):
        services.audit.note_seldom("login held back", user=name, address=where)
        message = "Too many attempts: try again in a minute."
        return render("login.html.jinja", status.HTTP_429_TOO_MANY_REQUESTS, message=message, name=cut(name))
    user = None
    try:
        user = await services.logins.hashing(partial(services.accounts.authenticate, name, password))
    finally:
        services.logins.end(name, where, failed=user is None)
    if user is None:
        services.audit.note("login refused", user=name, address=where)
        message = "Name and password do not match."
        return render("login.html.jinja", status.HTTP_401_UNAUTHORIZED, message=message, name=cut(name))
    secret = await run_in_threadpool(services.sessions.begin, user)
    services.audit.note("login", user=user.name, address=where)
    response = RedirectResponse("/", status.HTTP_303_SEE_OTHER)
    guard: Guard = request.app.state.guard
    response.set_cookie(
        guard.cookie, secret, max_age=int(LIFETIME), httponly=True, secure=guard.secure, samesite="strict", path="/"
    )
    return response


@router.post("/logout")
async def log_out(request: Request, who: Viewer) -> Response:
    """End the session."""
    guard: Guard = request.app.state.guard
    await run_in_threadpool(of(request).sessions.end, request.cookies.get(guard.cookie, ""))
    of(request).audit.note("logout", user=who.user, address=address(request))
    response = Response(status_code=status.HTTP_204_NO_CONTENT)
    response.delete_cookie(guard.cookie, path="/", secure=guard.secure, httponly=True, samesite="strict")
    return response


@router.get("/welcome/{secret}")
def show_welcome(request: Request, secret: str) -> Response:
    """The form in which the first admin chooses a name and a password."""
    if not of(request).accounts.is_invited(secret):
        return render("expired.html.jinja", status.HTTP_404_NOT_FOUND)
    return render("welcome.html.jinja", message="", name="admin", secret=secret)


@router.post("/welcome/{secret}")
async def welcome(request: Request, secret: str, name: Name, password: Password) -> Response:
    """Make the first admin."""
    services = of(request)
    try:
        await services.logins.hashing(partial(services.accounts.accept, secret, name, password))
    except StockstreamError as error:
        if not await run_in_threadpool(services.accounts.is_invited, secret):
            return render("expired.html.jinja", status.HTTP_404_NOT_FOUND)
        text = str(error)
        return render("welcome.html.jinja", status.HTTP_400_BAD_REQUEST, message=text, name=cut(name), secret=secret)
    services.audit.note("first admin", user=name, address=address(request))
    return RedirectResponse("/login", status.HTTP_303_SEE_OTHER)


@router.get("/")
async def page(request: Request) -> Response:
    """The page; the login for strangers."""
    guard: Guard = request.app.state.guard
    if await run_in_threadpool(guard.identity, request) is None:
        return RedirectResponse("/login", status.HTTP_303_SEE_OTHER)
    return render("page.html.jinja")
