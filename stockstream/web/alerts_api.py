"""Alerts in the API: the newest ones, that somebody has seen them, and the price levels that people watch."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from fastapi import APIRouter, Request, Response, status
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from stockstream.alerts.alert import acknowledged
from stockstream.alerts.watched_levels import MOST, unwatched, watching
from stockstream.errors import StockstreamError
from stockstream.present.alert_book import listed
from stockstream.records import Alert
from stockstream.web.answers import json
from stockstream.web.security import Analyst, Viewer, address
from stockstream.web.services import of

router = APIRouter(prefix="/api")


class LevelBody(BaseModel):
    """A price level of a series: what the close crosses."""

    symbol: str = Field(max_length=200)
    interval: str | None = Field(default=None, max_length=20)
    feed: str | None = Field(default=None, max_length=200)
    value: float = Field(allow_inf_nan=False, ge=-1e12, le=1e12)
    once: bool = Field(default=False, description="Whether it ends with its first crossing.")


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
async def levels(request: Request, who: Viewer) -> Response:
    """The price levels of whoever asks that `stockstream alerts` watches; ``runs`` says whether it does now."""
    hub = of(request).hub
    found = await hub.ask(lambda: hub.levels(who.user))
    return json({"runs": found.runs, "levels": [_shown(each) for each in found.levels]})


@router.post("/levels")
async def watch_level(request: Request, who: Analyst, body: LevelBody) -> Response:
    """Have `stockstream alerts` watch a price level, in place of an equal one; ``runs`` says whether it does now."""
    services = of(request)
    hub = services.hub
    level = await _level(request, who.user, body)
    held = await hub.ask(lambda: hub.levels(who.user))
    if len(held.levels) >= MOST and level.id not in {each.id for each in held.levels}:
        raise StockstreamError(f"{who.user} watches {MOST} levels already", hint="remove one")
    await run_in_threadpool(services.alerts.send, level)
    services.audit.note("level watched", user=who.user, address=address(request), name=level.id)
    return json({"runs": held.runs, "level": _shown(level)})


@router.post("/levels/end", status_code=status.HTTP_204_NO_CONTENT)
async def end_level(request: Request, who: Analyst, body: LevelBody) -> None:
    """Have it watch a level of whoever asks no longer."""
    services = of(request)
    level = await _level(request, who.user, body)
    await run_in_threadpool(services.alerts.send, unwatched(level, datetime.now(UTC)))
    services.audit.note("level ended", user=who.user, address=address(request), name=level.id)


async def _level(request: Request, owner: str, body: LevelBody) -> Alert:
    """The record of a level of a series; its owner is whoever asks."""
    hub = of(request).hub
    newest = await hub.ask(lambda: hub.newest(body.symbol, body.interval, body.feed))
    return watching(owner, newest, body.value, datetime.now(UTC), once=body.once)


def _shown(level: Alert) -> dict[str, str | float | bool | None]:
    value, once = level.values["level"], bool(level.values.get("once"))
    return {"symbol": level.symbol, "interval": level.interval, "feed": level.feed, "value": value, "once": once}
