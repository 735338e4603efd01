"""API for the page and for scripts: series, indicators, bars, frames, layouts, users; described by OpenAPI."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Annotated, Final

import msgspec
import numpy as np
from fastapi import APIRouter, Query, Request, Response, status
from pydantic import BaseModel, Field

from stockstream.charts.theme import THEMES
from stockstream.consumers.registry import STUDIES
from stockstream.errors import StockstreamError
from stockstream.indicators.catalog import describe
from stockstream.web.answers import json
from stockstream.web.arrangement import arrangement, written
from stockstream.web.chart import ChartRequest, columns
from stockstream.web.keys import KEYS
from stockstream.web.roles import Role
from stockstream.web.security import Admin, Analyst, Viewer, address
from stockstream.web.services import of

router = APIRouter(prefix="/api")

_MOST_ROWS: Final = 100_000

Name = Annotated[str, Field(min_length=1, max_length=64)]


class LayoutBody(BaseModel):
    """A layout to save: what `stockstream.web.arrangement` describes."""

    content: dict[str, object]


class UserBody(BaseModel):
    """A new user."""

    name: Name
    password: str = Field(min_length=10, max_length=1_000)
    role: Role = Role.VIEWER


class UserChange(BaseModel):
    """What to change of a user; what is left out stays."""

    role: Role | None = None
    disabled: bool | None = None


class FrameQuery(BaseModel):
    """Which frame is asked for."""

    symbol: str = Field(max_length=200)
    interval: str | None = None
    feed: str | None = None
    resample: str | None = None
    opens: str | None = None
    calendar: str | None = None
    studies: list[str] = Field(default_factory=list, alias="with", max_length=20)
    start: str | None = Field(default=None, description="The first instant, in UTC: 2026-03-03T15:30.")
    end: str | None = Field(default=None, description="The instant after the last one.")
    rows: int = Field(default=5_000, ge=1, le=_MOST_ROWS, description="The newest so many rows of them.")

    def request(self) -> ChartRequest:
        """The chart that is asked for."""
        return ChartRequest(
            self.symbol,
            self.interval,
            self.feed,
            self.resample,
            self.opens,
            self.calendar,
            studies=tuple(self.studies),
        )


@router.get("/me")
def me(who: Viewer) -> Response:
    """Who asks: name, role, and the token that requests of this session's pages need."""
    return json({"name": who.user, "role": who.role.value, "csrf": who.csrf})


@router.get("/series")
async def series(request: Request, who: Viewer) -> Response:  # noqa: ARG001 - who asks is checked
    """All series of bars with their newest close and its change."""
    return Response(await of(request).quotes.encoded(), media_type="application/json")


@router.get("/indicators")
def indicators(who: Viewer) -> Response:  # noqa: ARG001
    """All studies with their parameters."""
    found = []
    for study in STUDIES.values():
        kind = study.indicator
        found.append(
            {
                "name": study.name,
                "title": study.title,
                "help": describe(kind).summary if kind is not None else "",
                "fields": list(kind.fields) if kind is not None else [],
                "parameters": [
                    {"name": each.name, "type": each.type.__name__, "default": each.default, "help": each.help}
                    for each in study.parameters
                ],
            }
        )
    return json(found)


@router.get("/bars")
async def bars(request: Request, who: Viewer, query: Annotated[FrameQuery, Query()]) -> Response:
    """The bars of a symbol as columns."""
    return await frames(request, who, query.model_copy(update={"studies": []}))


@router.get("/frames")
async def frames(request: Request, who: Viewer, query: Annotated[FrameQuery, Query()]) -> Response:  # noqa: ARG001
    """Bars and the values of indicators as columns, with what to draw: what a window shows as its frame."""
    hub, wanted = of(request).hub, query.request()
    description, frame = await hub.ask(lambda: hub.frame(wanted))
    shown = frame.between(_instant(query.start), _instant(query.end)).tail(query.rows)
    return json({"chart": description, "columns": columns(shown, slice(None))})


def _instant(text: str | None) -> np.datetime64 | None:
    return None if text is None else np.datetime64(text, "us")


@router.get("/themes")
def themes(who: Viewer) -> Response:  # noqa: ARG001
    """The colours of the windows' themes, by name."""
    return json({name: asdict(theme) for name, theme in THEMES.items()})


@router.get("/keys")
def keys(who: Viewer) -> Response:  # noqa: ARG001
    """The keys of the page: those of the windows, and the crosshair's."""
    return json([asdict(binding) for binding in KEYS])


@router.get("/dashboard")
async def dashboard(request: Request, who: Viewer, group: str | None = None) -> Response:  # noqa: ARG001
    """The tables and tiles of the dashboard, of a group of comparable series."""
    hub = of(request).hub
    return json(await hub.ask(lambda: hub.dashboard(group)))


# Layouts.


@router.get("/layouts")
def layouts(request: Request, who: Viewer) -> Response:
    """The layouts of whoever asks."""
    saved = of(request).layouts.of(who.user)
    return json(
        [{"name": each.name, "content": msgspec.Raw(each.content.encode()), "shared": each.shared} for each in saved]
    )


@router.put("/layouts/{name}", status_code=status.HTTP_204_NO_CONTENT)
def save_layout(request: Request, who: Analyst, name: Name, body: LayoutBody) -> None:
    """Save a layout under a name."""
    services = of(request)
    services.layouts.save(who.user, name, written(arrangement(body.content)))
    services.audit.note("layout saved", user=who.user, address=address(request), name=name)


@router.delete("/layouts/{name}", status_code=status.HTTP_204_NO_CONTENT)
def delete_layout(request: Request, who: Analyst, name: Name) -> None:
    """Delete a layout."""
    services = of(request)
    if services.layouts.delete(who.user, name):
        services.audit.note("layout deleted", user=who.user, address=address(request), name=name)


@router.post("/layouts/{name}/link")
def share_layout(request: Request, who: Analyst, name: Name) -> Response:
    """Make the link of a layout; people with an account can open it."""
    services = of(request)
    secret = services.layouts.share(who.user, name)
    services.audit.note("layout shared", user=who.user, address=address(request), name=name)
    return json({"shared": secret})


@router.get("/shared/{secret}")
def shared_layout(request: Request, who: Viewer, secret: str) -> Response:  # noqa: ARG001
    """The layout of a link."""
    found = of(request).layouts.shared(secret)
    if found is None:
        raise StockstreamError("there is no such layout: its link may be old")
    return json({"name": found.name, "content": msgspec.Raw(found.content.encode())})


# Users.


@router.get("/users")
def users(request: Request, who: Admin) -> Response:  # noqa: ARG001
    """All users."""
    found = of(request).accounts.all()
    return json([{"name": each.name, "role": each.role.value, "disabled": each.disabled} for each in found])


@router.post("/users", status_code=status.HTTP_204_NO_CONTENT)
async def add_user(request: Request, who: Admin, body: UserBody) -> None:
    """Add a user."""
    services = of(request)
    await services.logins.hashing(partial(services.accounts.add, body.name, body.password, body.role))
    services.audit.note("user added", user=who.user, address=address(request), name=body.name, role=body.role.value)


@router.patch("/users/{name}", status_code=status.HTTP_204_NO_CONTENT)
def change_user(request: Request, who: Admin, name: str, body: UserChange) -> None:
    """Change the role of a user, or refuse or admit them."""
    services = of(request)
    if body.role is not None:
        services.accounts.change_role(name, body.role)
        services.audit.note("role", user=who.user, address=address(request), name=name, role=body.role.value)
    if body.disabled is not None:
        services.accounts.disable(name, disabled=body.disabled)
        event = "user disabled" if body.disabled else "user enabled"
        services.audit.note(event, user=who.user, address=address(request), name=name)


# The cluster.


@router.get("/monitor")
def monitor(request: Request, who: Admin) -> Response:  # noqa: ARG001
    """What the monitor shows: topics, groups, dead letters."""
    return json(of(request).overviews.look())
