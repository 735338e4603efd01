"""Alerts in the API: the newest ones, that somebody has seen them, and the price levels that people watch."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from fastapi import APIRouter, HTTPException, Request, Response, status
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from stockstream.alerts.alert import acknowledged, plain
from stockstream.alerts.watched_levels import MOST, owner_of, unwatched, watching
from stockstream.errors import StockstreamError
from stockstream.present.alert_book import listed
from stockstream.records import Alert
from stockstream.web.answers import json
from stockstream.web.roles import Role
from stockstream.web.security import Analyst, Viewer, address
from stockstream.web.services import of
from stockstream.web.sessions import Identity

router = APIRouter(prefix="/api")


class LevelBody(BaseModel):
    """A price level of a series: what the close crosses."""

    symbol: str = Field(max_length=200)
    interval: str | None = Field(default=None, max_length=20)
    feed: str | None = Field(default=None, max_length=200)
    value: float = Field(allow_inf_nan=False, ge=-1e12, le=1e12)
    once: bool = Field(default=False, description="Whether it ends with its first crossing.")


class EndedBody(LevelBody):
    """A price level that is to end."""

    owner: str | None = Field(
        default=None, max_length=200, description="Who watches it, by default whoever asks; an admin ends any."
    )


@router.get("/alerts")
async def alerts(request: Request, who: Viewer) -> Response:  # noqa: ARG001 - who asks is checked
    """The newest alerts, the last one that changed first; ``told`` is one as a line."""
    hub = of(request).hub
    return json([{**msgspec.structs.asdict(each), "told": listed(each)} for each in await hub.ask(hub.alerts)])


@router.post("/alerts/{identity}/acknowledge", status_code=status.HTTP_204_NO_CONTENT)
async def acknowledge(request: Request, who: Analyst, identity: str) -> None:
    """Note that somebody has seen an alert."""
    services = of(request)
    hub = services.hub
    alert = await hub.ask(lambda: hub.alert(identity))
    if alert.state != "raised":
        raise StockstreamError(f"{identity} is {alert.state}: only a raised alert can be acknowledged")
    await run_in_threadpool(services.alerts.send, acknowledged(alert, datetime.now(UTC)))
    services.audit.note("alert acknowledged", user=who.user, address=address(request), name=identity)


@router.get("/levels")
async def levels(request: Request, who: Viewer, owner: str | None = None, everyone: bool = False) -> Response:
    """The price levels of whoever asks that `stockstream alerts` watches; ``runs`` says whether it does now.

    An admin may ask for those of another ``owner``, or of ``everyone``.
    """
    hub = of(request).hub
    if everyone:
        _require_admin(who)
    person = None if everyone else _owner(who, owner)
    found = await hub.ask(lambda: hub.levels(person))
    return json({"runs": found.runs, "levels": [_shown(each) for each in found.levels]})


@router.post("/levels")
async def watch_level(request: Request, who: Analyst, body: LevelBody) -> Response:
    """Have `stockstream alerts` watch a price level, in place of an equal one; ``runs`` says whether it does now."""
    services = of(request)
    hub = services.hub
    held = await hub.ask(lambda: hub.levels(who.user))

    async def make() -> Alert:
        level = await _level(request, who.user, body)
        if len(held.levels) >= MOST and level.id not in {each.id for each in held.levels}:
            raise StockstreamError(f"{who.user} watches {MOST} levels already", hint="remove one")
        return level

    level = await services.alerts.send_in_turn(who.user, make)
    services.audit.note("level watched", user=who.user, address=address(request), name=level.id)
    return json({"runs": held.runs, "level": _shown(level)})


@router.post("/levels/end", status_code=status.HTTP_204_NO_CONTENT)
async def end_level(request: Request, who: Analyst, body: EndedBody) -> None:
    """Have it watch a level of whoever asks no longer; an admin may name another owner."""
    services = of(request)
    owner = _owner(who, body.owner)

    async def make() -> Alert:
        level, now = await _held(request, owner, body), datetime.now(UTC)
        # Of its settings, the last one ends, which the hub may not have read yet.
        return unwatched(msgspec.structs.replace(level, at=now), now)

    level = await services.alerts.send_in_turn(owner, make)
    services.audit.note("level ended", user=who.user, address=address(request), name=level.id)


def _owner(who: Identity, named: str | None) -> str:
    """Whose levels are meant."""
    if named not in (None, who.user):
        _require_admin(who)
    return named or who.user


def _require_admin(who: Identity) -> None:
    """Levels of others are an admin's business alone."""
    if not who.role.covers(Role.ADMIN):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "the levels of others need the role admin")


async def _held(request: Request, owner: str, body: LevelBody) -> Alert:
    """The record of a level that is watched, whether or not there are bars of its series; or one to end it anyhow."""
    hub = of(request).hub
    found = await hub.ask(lambda: hub.levels(owner))
    wanted = (body.symbol, plain(body.value))
    for level in found.levels:
        is_series = body.interval in (None, level.interval) and body.feed in (None, level.feed)
        if is_series and (level.symbol, plain(level.values["level"] or 0.0)) == wanted:
            return level
    return await _level(request, owner, body)  # it may have been set just now


async def _level(request: Request, owner: str, body: LevelBody) -> Alert:
    """The record of a level of a series; its owner is whoever asks."""
    hub = of(request).hub
    newest = await hub.ask(lambda: hub.newest(body.symbol, body.interval, body.feed))
    return watching(owner, newest, body.value, datetime.now(UTC), once=body.once)


def _shown(level: Alert) -> dict[str, str | float | bool | None]:
    value, once = level.values["level"], bool(level.values.get("once"))
    series = {"symbol": level.symbol, "interval": level.interval, "feed": level.feed}
    return {"owner": owner_of(level), **series, "value": value, "once": once}
