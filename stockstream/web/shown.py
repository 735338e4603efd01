"""Shown chart: one chart, the pages that show it, what they were sent last, and the price levels of each."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, Protocol, TypeAlias

import msgspec
import numpy as np

from stockstream.codec import Json
from stockstream.consumers.live import AnyLive
from stockstream.names import harmless
from stockstream.present.memory import Memory
from stockstream.present.price_levels import Alerts, Level
from stockstream.present.status_bar import status_bar
from stockstream.views.frame import Frame
from stockstream.web.books import Books
from stockstream.web.chart import SNAPSHOT_ROWS, Chart, Drawing, columns, first_difference
from stockstream.web.outbox import Outbox

_MOST_LEVELS: Final = 100

_MOST_CHANGED: Final = 5_000
"""Rows that are sent as changed at most; for more there is a snapshot."""

encode: Final = msgspec.json.Encoder().encode


class LevelSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price level of a page: the name of its panel, its value, and whether it ends with its first crossing."""

    panel: str
    value: float
    once: bool = False


PageKey: TypeAlias = tuple[int, int]
"""A socket by its number, and a chart on it by the page's number."""


class Put(Protocol):
    """Puts a message into the outbox of a page."""

    def __call__(self, outbox: Outbox, message: bytes | None, /) -> None:
        """Do so, from any thread; None has it take a snapshot."""


class Shown:
    """A chart and its pages. It is used on the hub's thread only.

    Attributes
    ----------
    chart, live
        What is drawn, and where it is read.
    changed
        Whether rows changed since they were sent.
    pages
        The outboxes by the numbers of the pages.
    sent_at, left_at
        When rows were sent, and the last page left, by the monotonic clock.
    """

    def __init__(self, chart: Drawing, live: AnyLive, books: Books, put: Put) -> None:
        self.chart = chart
        self.live = live
        self.changed = True
        self.pages: dict[PageKey, Outbox] = {}
        self.sent_at = 0.0
        self.left_at = time.monotonic()
        self._books = books
        self._put = put
        self._sent: Frame | None = None
        self._told = -1
        self._levels: dict[PageKey, tuple[Sequence[LevelSpec], Alerts]] = {}

    def leave(self, page: PageKey) -> None:
        """Show it on a page no longer."""
        self.pages.pop(page, None)
        self._levels.pop(page, None)
        self.left_at = time.monotonic()

    def watch(self, page: PageKey, levels: Sequence[LevelSpec]) -> None:
        """Watch price levels for a page, in place of former ones; equal ones stay armed as they are.

        Levels of panels that the chart does not have are left out. Raises ValueError for too many.
        """
        chart, frame = self.chart, self.chart.frame()
        if page not in self.pages or not isinstance(chart, Chart) or frame is None or chart.key is None:
            return
        if len(levels) > _MOST_LEVELS:
            raise ValueError(f"a chart has {_MOST_LEVELS} levels at most")
        if page in self._levels and self._levels[page][0] == levels:
            return
        alerts = Alerts(chart.view, Memory(None))
        for each in levels:
            if each.panel in alerts.names and alerts.watched(alerts.names.index(each.panel)):
                alerts.add(chart.key, Level(each.panel, each.value, each.once))
        alerts.check(chart.key, frame)  # only what comes from now on can cross
        self._levels[page] = levels, alerts

    def tell(self, message: bytes | None) -> None:
        """Send a message to all pages; None has them take a snapshot."""
        for outbox in self.pages.values():
            self._put(outbox, message)

    def snapshot(self) -> bytes:
        """The newest rows, with all that is needed to draw them."""
        self.publish()
        frame = self._frame()
        first = max(0, len(frame) - SNAPSHOT_ROWS)
        return encode(
            {
                "type": "snapshot",
                "chart": self.chart.description(frame),
                "columns": columns(frame, slice(first, None)),
                "more": first > 0,
                "status": self.status(),
                "notes": self._notes(frame),
            }
        )

    def older(self, before: int, rows: int) -> bytes:
        """The rows before an instant, in microseconds since 1970."""
        frame = self._frame()
        end = int(np.searchsorted(frame.instants, np.datetime64(before, "us")))
        first = max(0, end - rows)
        found = columns(frame, slice(first, end))
        return encode({"type": "older", "before": before, "columns": found, "more": first > 0})

    def publish(self) -> None:
        """Send what changed since the last time to all pages: rows, notes, crossings of levels."""
        frame = self.chart.frame()
        if frame is None:
            return
        if self.changed or self._sent is None:
            self._publish_rows(frame)
        if self._told != self._books.version:
            self._told = self._books.version
            self.tell(encode({"type": "notes", "notes": self._notes(frame)}))

    def _publish_rows(self, frame: Frame) -> None:
        before, self._sent = self._sent, frame.copy()
        self.changed = False
        self.sent_at = time.monotonic()
        if before is None or not self.pages:
            return
        first = first_difference(before, frame)
        if list(before) != list(frame) or len(frame) - first > _MOST_CHANGED:
            self.tell(None)
        elif first < len(frame):
            rows, undefined = columns(frame, slice(first, None)), self.chart.undefined(frame)
            self.tell(encode({"type": "update", "columns": rows, "undefined": undefined}))
        self._tell_crossings(frame)

    def _tell_crossings(self, frame: Frame) -> None:
        identity = self.chart.identity
        for page, (specs, alerts) in list(self._levels.items()):
            for key in alerts.keys():
                crossings = alerts.check(key, frame)
                if crossings and identity is not None:
                    texts = [each.sentence(zone=identity.zone, simulated=identity.simulated) for each in crossings]
                    ended = {each.level.place for each in crossings if each.level.once}
                    left = tuple(each for each in specs if (each.panel, each.value) not in ended)
                    self._levels[page] = left, alerts
                    self._put(self.pages[page], encode({"type": "crossed", "texts": texts, "levels": left}))

    def _notes(self, frame: Frame) -> list[Json]:
        """Alerts and headlines at rows of the chart: time, text and kind."""
        chart = self.chart
        if not isinstance(chart, Chart) or chart.key is None:
            return []
        identity = chart.identity
        notes = self._books.notes(chart.key, frame, simulated=bool(identity and identity.simulated))
        times = frame.instants.astype("M8[us]").astype(np.int64)
        return [{"time": int(times[each.row]), "text": each.text, "kind": each.kind} for each in notes.notes]

    def _frame(self) -> Frame:
        frame = self.chart.frame()
        assert frame is not None
        return frame

    def status(self) -> Mapping[str, Json]:
        """The words of the status bar, as windows have them, and whether the data is simulated."""
        chart = self.chart
        identity = chart.identity
        frame = chart.frame()
        latest = frame.instants[-1] if frame is not None and len(frame) else None
        now = datetime.now(UTC)
        said = status_bar(
            replace(self.live.status(), latest=latest, counts=chart.counts()),
            now,
            zone=identity.zone if identity else None,
            sources=[identity.source] if identity and identity.source else [],
        )
        silent = self._books.silent(now)
        return {
            "parts": [*map(harmless, said.parts), *([silent] if silent else [])],
            "tone": "alarm" if silent else said.tone,
            "simulated": bool(identity and identity.simulated),
        }
