"""Metrics of the page for Prometheus, for admins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from stockstream.web.hub import Counts
from stockstream.web.security import Admin
from stockstream.web.services import of

router = APIRouter(include_in_schema=False)

_TEXTS: Final = {
    "pages": "Charts that are shown on pages.",
    "charts": "Different charts among them.",
    "messages": "Messages passed to pages since the start.",
    "lag": "Records between the page's position and the end of the topic.",
    "connected": "Whether the broker answers.",
}


class _Collector:
    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        for name, text in _TEXTS.items():
            value = getattr(self._counts, name)
            if value is not None:
                yield GaugeMetricFamily(f"stockstream_web_{name}", text, value=float(value))


@router.get("/metrics")
async def metrics(request: Request, who: Admin) -> Response:  # noqa: ARG001 - who asks is checked
    """The present metrics."""
    hub = of(request).hub
    registry = CollectorRegistry()
    registry.register(_Collector(await hub.ask(hub.counts)))
    ProcessCollector(registry=registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
