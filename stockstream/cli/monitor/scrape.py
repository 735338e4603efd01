"""Scraping of producers and windows that serve metrics."""

from __future__ import annotations

import http.client
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from stockstream.cli.serving import Endpoint

log = logging.getLogger(__name__)

_PATIENCE: Final = 0.5
_LONGEST: Final = 1_000_000


_COUNTED: Final = {
    "stockstream_store_unreadable_total": "unreadable",
    "stockstream_store_skipped_total": "skipped",
    "stockstream_spark_late_total": "late",
    "stockstream_alerts_raised_total": "alerts",
    "stockstream_alert_sink_waiting": "waiting",
    "stockstream_alert_sink_refused": "refused by a sink",
}
"""Irregular records of other processes than windows, and alerts."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """Metrics of a process, or the ``error`` if there are none. Metrics of another kind of process are None.

    A producer has sent, refused and acknowledged. A window has taken, a lag, ``frame_seconds``, the median time of its
    last frames, and ``counts`` of irregular records; a store and a job of Spark have the same without the frames.
    """

    address: str
    error: str | None = None
    command: str | None = None
    topic: str | None = None
    keys: str | None = None
    sent: int | None = None
    refused: int | None = None
    acknowledged: int | None = None
    silent_seconds: float | None = None
    taken: int | None = None
    lag: int | None = None
    records_per_second: float | None = None
    frame_seconds: float | None = None
    counts: Mapping[str, int] = {}
    memory_bytes: int | None = None


class Scraper:
    """Reads the metrics of several processes at the same time."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = endpoints
        self._pool = ThreadPoolExecutor(max(1, len(endpoints)), thread_name_prefix="scrape")

    def processes(self) -> tuple[Process, ...]:
        """Present metrics of the processes in the given order, with an error for each that does not answer."""
        return tuple(self._pool.map(_process, self._endpoints))


def _process(endpoint: Endpoint) -> Process:
    address = str(endpoint)
    try:
        return _parsed(address, _read(endpoint))
    except (OSError, http.client.HTTPException) as error:
        log.info("%s: %s", address, error)
        return Process(address=address, error="does not answer")
    except ValueError as error:
        log.info("%s: %s", address, error)
        return Process(address=address, error="does not serve metrics")


def _read(endpoint: Endpoint) -> str:
    # Not with urllib, which would use a proxy even for this machine.
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        if response.status != http.HTTPStatus.OK:
            raise ValueError(f"status {response.status}")
        return response.read(_LONGEST).decode()
    finally:
        connection.close()


def _parsed(address: str, text: str) -> Process:
    values: dict[str, float] = {}
    counts: dict[str, int] = {}
    labels: dict[str, str] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "stockstream_updated_timestamp_seconds":
                labels = sample.labels
            elif sample.name == "stockstream_window_counted":
                counts[sample.labels["what"]] = int(sample.value)
            elif sample.name in _COUNTED and sample.value:
                counts[_COUNTED[sample.name]] = counts.get(_COUNTED[sample.name], 0) + int(sample.value)
            elif sample.labels.get("quantile") in (None, "0.5"):
                values[sample.name] = sample.value
    if not labels:
        raise ValueError("no metrics of a producer, a window, a store or a job")

    def first(*names: str) -> float | None:
        return next((values[name] for name in names if name in values), None)

    def whole(*names: str) -> int | None:
        found = first(*names)
        return None if found is None else int(found)

    rates = (
        *(f"{kind}_records_per_second" for kind in ("producer", "window", "store")),
        "spark_rows_per_second",
        "alert_bars_per_second",
    )
    return Process(
        address=address,
        command=labels.get("command") or labels.get("job"),
        topic=labels["topic"],
        keys=labels.get("keys") or None,
        sent=whole("stockstream_producer_sent_total"),
        refused=whole("stockstream_producer_refused_total"),
        acknowledged=whole("stockstream_producer_acknowledged_total"),
        silent_seconds=first("stockstream_producer_silent_seconds"),
        taken=whole(
            "stockstream_window_taken_total",
            "stockstream_store_stored_total",
            "stockstream_spark_rows_total",
            "stockstream_alert_bars_total",
        ),
        lag=whole("stockstream_window_lag", "stockstream_store_lag", "stockstream_spark_behind"),
        records_per_second=first(*(f"stockstream_{name}" for name in rates)),
        frame_seconds=first("stockstream_window_frame_seconds"),
        counts=counts,
        memory_bytes=whole("process_resident_memory_bytes"),
    )
