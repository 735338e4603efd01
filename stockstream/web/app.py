"""Application: the routes, and what they need. `make_app` is the composition root of the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles

from stockstream.errors import StockstreamError
from stockstream.version import VERSION
from stockstream.web import alerts_api, api, metrics, pages, socket
from stockstream.web.answers import json, problem
from stockstream.web.bodies import Bounded
from stockstream.web.extra import STATIC
from stockstream.web.security import Guard, Viewer, secured
from stockstream.web.services import Services

_DESCRIPTION: Final = (
    "Series, bars, frames of indicators, layouts and users. "
    "Scripts send a token: `Authorization: Bearer TOKEN`, made by `stockstream web token add`."
)


def make_app(services: Services, *, secure: bool) -> FastAPI:
    """The application; ``secure`` says that it is served over TLS."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        services.hub.start(asyncio.get_running_loop())
        try:
            yield
        finally:
            await asyncio.to_thread(services.hub.stop)
            services.overviews.close()

    app = FastAPI(
        title="stockstream",
        version=VERSION,
        description=_DESCRIPTION,
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
    )
    app.state.services = services
    app.state.guard = Guard(services.sessions, secure=secure)
    app.add_middleware(Bounded)
    app.middleware("http")(secured)  # outside of the other, so that its answers have the headers, too
    app.add_exception_handler(StockstreamError, _problem)
    app.add_exception_handler(ValueError, _problem)
    for router in (pages.router, api.router, alerts_api.router, metrics.router, socket.router):
        app.include_router(router)

    @app.get("/api/openapi.json", include_in_schema=False)
    def description(who: Viewer) -> Response:  # noqa: ARG001 - who asks is checked
        return json(app.openapi())

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


async def _problem(_: Request, error: Exception) -> Response:
    return problem(error)
