"""Hub: reads the topics on one thread, and passes what changes to the pages that show it."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Final, Protocol, TypeVar

from stockstream.codec import Json
from stockstream.connection import Connection
from stockstream.consumers.chart import Configured
from stockstream.consumers.dashboard import TILES
from stockstream.consumers.live import AnyLive, Live
from stockstream.errors import SeriesError, StockstreamError
from stockstream.names import cut
from stockstream.records import SIMULATED, Alert, Candle, Series
from stockstream.views.bar_batch import BarBatch
from stockstream.views.dashboard import tabled
from stockstream.views.flights import FlightsFold
from stockstream.views.fold import Selection
from stockstream.views.frame import Frame
from stockstream.web.bar_store import BarStore, Quote, store_view
from stockstream.web.books import Books, WatchedLevels
from stockstream.web.chart import Chart, ChartRequest, Drawing, columns
from stockstream.web.flights_chart import FlightsChart
from stockstream.web.other_views import OtherViews
from stockstream.web.outbox import Outbox
from stockstream.web.shown import LevelSpec, PageKey, Shown, encode

LOG: Final = logging.getLogger("stockstream.web")

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_BEAT: Final = 0.01
"""Seconds between two looks at what has arrived and at what is due; bars and questions are looked at as they come."""

_FRAME_EVERY: Final = 0.02
_STATUS_EVERY: Final = 1.0
_KEPT_FOR: Final = 30.0
"""Seconds for which a chart is kept that no page shows: it may be reloaded."""

_REFRESH_FOR: Final = 0.02
"""Seconds that an answer about the dashboard computes; what is left follows with the next."""

_MOST_CHARTS: Final = 500

_TABLE_ROWS: Final = 100
"""Rows of a table of the dashboard."""


class Unready(StockstreamError):
    """What is asked for may be there in a moment."""


class Work(Protocol[T_co]):
    """A question about what the hub keeps, answered on its thread."""

    def __call__(self) -> T_co:
        """The answer."""


@dataclass(frozen=True)
class Counts:
    """Numbers of the hub: charts on pages, different charts, messages since the start; the lag, and the connection."""

    pages: int
    charts: int
    messages: int
    lag: int | None
    connected: bool


class Hub:
    """Serves charts to pages from one reading of the topic.

    Parameters
    ----------
    connection
        librdkafka's properties.
    keep
        Bars of a series to keep at least; None for all.
    configured
        Finds the settings' values of the parameters of studies.
    """

    def __init__(self, connection: Connection, keep: int | None, configured: Configured) -> None:
        self._connection = connection
        self._configured = configured
        self._keep = keep
        self._view = store_view(self._arrived)
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._shown: dict[ChartRequest, Shown] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hub", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._live: Live[Candle] | None = None
        self._store: BarStore | None = None
        self._failure: StockstreamError | None = None
        self._said_at = 0.0
        self._messages = 0
        self._stack = ExitStack()
        self._others = OtherViews(connection)
        self._books = Books(connection)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to read; messages are put into outboxes on this event loop."""
        self._loop = loop
        self._thread.start()

    def stop(self) -> None:
        """End the reading."""
        self._stop.set()
        self._thread.join()

    async def ask(self, work: Work[T]) -> T:
        """Answer a question on the hub's thread. Raises what it raises."""
        answer: Future[T] = Future()

        def run() -> None:
            if not answer.set_running_or_notify_cancel():
                return  # whoever asked has gone
            try:
                answer.set_result(work())
            except Exception as error:  # noqa: BLE001 - raised where it was asked
                answer.set_exception(error)

        self._work.put(run)
        return await asyncio.wrap_future(answer)

    # Questions: to be asked by `ask`.

    def quotes(self) -> list[Quote]:
        """The newest bar of each series."""
        return self._bars().quotes()

    def frame(self, request: ChartRequest) -> tuple[dict[str, Json], Frame]:
        """The description and the frame of a chart. Raises ValueError and `SeriesError`."""
        chart, _ = self._bars_chart(request)
        frame = chart.frame()
        assert frame is not None
        return chart.description(frame), frame

    def open(self, request: ChartRequest, page: PageKey, outbox: Outbox) -> bytes:
        """Show a chart on a page; returns its snapshot, and puts all later changes into the outbox.

        Raises ValueError for an unknown study, parameter or interval, and `SeriesError` for an unknown series.
        """
        shown = self._chart(request)
        snapshot = shown.snapshot()
        shown.pages[page] = outbox
        return snapshot

    def watch(self, request: ChartRequest, page: PageKey, levels: Sequence[LevelSpec]) -> None:
        """Watch price levels of a chart for a page. Raises ValueError for too many."""
        shown = self._shown.get(request)
        if shown is not None:
            shown.watch(page, levels)

    def close(self, request: ChartRequest, page: PageKey) -> None:
        """Show a chart on a page no longer."""
        shown = self._shown.get(request)
        if shown is not None:
            shown.leave(page)

    def snapshot(self, request: ChartRequest) -> bytes:
        """The chart as it is, for a page that did not keep up."""
        return self._chart(request).snapshot()

    def older(self, request: ChartRequest, before: int, rows: int) -> bytes:
        """The rows before an instant, in microseconds since 1970."""
        return self._chart(request).older(before, rows)

    def alerts(self) -> list[Alert]:
        """The newest alerts, the last one that changed first."""
        return self._books.newest()

    def alert(self, identity: str) -> Alert:
        """An alert by its id. Raises `StockstreamError` if there is none."""
        found = self._books.find(identity)
        if found is None:
            raise StockstreamError(f"there is no alert {cut(identity)}")
        return found

    def levels(self, owner: str | None) -> WatchedLevels:
        """The price levels of a person, or of everybody, that the alerts process watches where it runs."""
        return self._books.levels(owner, datetime.now(UTC))

    def newest(self, symbol: str, interval: str | None, feed: str | None) -> Candle:
        """The newest bar of a series. Raises `SeriesError`."""
        store = self._bars()
        return store.newest(store.find(symbol, interval, feed))

    def dashboard(self, group: str | None) -> dict[str, Json]:
        """The tables of the dashboard, of a group of series or the first one."""
        live = self._others.get("dashboard")
        fold = tabled(live.fold)
        fold.refresh(_REFRESH_FOR)
        groups = fold.groups()
        if not groups:
            return {"groups": [], "tiles": [], "tables": {}, "reading": not live.settled}
        chosen = next((each for each in groups if str(each) == group), groups[0])
        tables, names = fold.tables(chosen), {tile.table for tile in TILES}
        return {
            "groups": [*map(str, groups)],
            "group": str(chosen),
            "simulated": chosen.feed == SIMULATED,
            "tiles": [{"kind": type(tile.mark).__name__.lower(), **asdict(tile)} for tile in TILES],
            "tables": {name: columns(tables.of(name).slice(slice(0, _TABLE_ROWS)), slice(None)) for name in names},
        }

    def counts(self) -> Counts:
        """The present numbers."""
        status = self._live.status() if self._live is not None else None
        return Counts(
            pages=sum(len(shown.pages) for shown in self._shown.values()),
            charts=len(self._shown),
            messages=self._messages,
            lag=status.lag if status else None,
            connected=status is not None and status.connected,
        )

    # On the hub's thread.

    def _bars(self) -> BarStore:
        if self._failure is not None:
            raise self._failure
        if self._store is None:
            raise Unready("the topic is not read yet")
        return self._store

    def _chart(self, request: ChartRequest) -> Shown:
        shown = self._shown.get(request)
        if shown is None:
            if len(self._shown) >= _MOST_CHARTS:
                raise StockstreamError("too many different charts are open", hint="try again in a minute")
            make = self._flights_chart if request.view == "flights" else self._bars_chart
            chart, live = make(request)
            shown = self._shown[request] = Shown(chart, live, self._books, self._put)
        return shown

    def _bars_chart(self, request: ChartRequest) -> tuple[Drawing, AnyLive]:
        store = self._bars()
        assert self._live is not None
        try:
            series = store.find(request.symbol, request.interval, request.feed)
        except SeriesError as error:
            if self._live.settled:
                raise
            raise Unready(f"{error}: the topic is being read") from error
        chart = Chart(request, series, self._configured, self._keep)
        chart.take(store.batch(series))
        chart.irregular = store.irregular(series)
        if chart.frame() is None:
            raise StockstreamError(f"bars of {request.resample} cannot be made of those of {series}")
        return chart, self._live

    def _flights_chart(self, request: ChartRequest) -> tuple[Drawing, AnyLive]:
        live = self._others.get("flights")
        fold: object = live.fold
        assert isinstance(fold, FlightsFold)
        chart = FlightsChart(fold, request.airlines)
        if chart.frame() is None:
            raise Unready("there are no flights yet: the topic is being read")
        return chart, live

    def _end(self, request: ChartRequest, shown: Shown, error: Exception | None) -> None:
        """Show a chart no longer, and tell its pages why."""
        self._shown.pop(request, None)
        if error is not None:
            LOG.error("a chart of %s ended", request, exc_info=error)
            shown.tell(encode({"type": "problem", "text": f"this chart cannot be drawn: {error}", "retry": False}))

    def _arrived(self, series: Series, batch: BarBatch) -> None:
        for request, shown in list(self._shown.items()):
            chart = shown.chart
            if isinstance(chart, Chart) and chart.series == series:
                try:
                    shown.changed |= chart.take(batch)
                except Exception as error:  # noqa: BLE001 - one chart must not end the others
                    self._end(request, shown, error)

    def _run(self) -> None:
        try:
            with self._stack:
                self._live = self._stack.enter_context(Live(self._view, Selection(), {}, self._connection, None))
                self._live.listen(self._wake)
                self._books.open(self._stack)
                while not self._stop.is_set():
                    self._answer()
                    changed = self._live.tick()
                    self._follow(self._live)
                    changed |= self._tick_others()
                    changed |= self._books.tick()
                    self._publish()
                    if not changed:
                        self._wait()
                self._others.close()
        except Exception as error:
            self._failure = (
                error
                if isinstance(error, StockstreamError)
                else StockstreamError(
                    f"the server reads no longer: {error}", hint="its log has the cause; start it again"
                )
            )
            LOG.exception("the topic is read no longer")
            while not self._stop.is_set():
                self._wait()
                self._answer()

    def _tick_others(self) -> bool:
        """Tick the readings of other topics; charts of those that ended, or were begun again, end."""
        changed = False
        for live, ticked in self._others.tick():
            changed |= ticked.changed
            for request, shown in list(self._shown.items()):
                if shown.live is live:
                    shown.changed |= ticked.changed
                    if ticked.error is not None:
                        self._end(request, shown, ticked.error)
                    elif ticked.anew:
                        self._reset(request, shown)
        return changed

    def _wake(self) -> None:
        """Have the hub look at once. Once is enough, however many records come."""
        if self._work.empty():
            self._work.put(lambda: None)

    def _wait(self) -> None:
        """Wait for a question or for bars, but not for long."""
        try:
            work = self._work.get(timeout=_BEAT)
        except Empty:
            return
        work()

    def _answer(self) -> None:
        while not self._work.empty():
            self._work.get()()

    def _follow(self, live: Live[Candle]) -> None:
        """Begin all charts again when the topic was made anew."""
        fold: object = live.fold
        assert isinstance(fold, BarStore)
        if fold is self._store:
            return
        self._store = fold
        for request, shown in list(self._shown.items()):
            if shown.live is live:
                self._reset(request, shown)

    def _reset(self, request: ChartRequest, shown: Shown) -> None:
        """Ask the pages to open a chart again."""
        del self._shown[request]
        shown.tell(encode({"type": "reset"}))

    def _publish(self) -> None:
        now = time.monotonic()
        says = now - self._said_at >= _STATUS_EVERY
        for request, shown in list(self._shown.items()):
            if not shown.pages:
                if now - shown.left_at > _KEPT_FOR:
                    del self._shown[request]
                continue
            try:
                if now - shown.sent_at >= _FRAME_EVERY:
                    shown.publish()
                if says:
                    shown.tell(encode({"type": "status", "status": shown.status()}))
            except Exception as error:  # noqa: BLE001 - one chart must not end the others
                self._end(request, shown, error)
        if says:
            self._said_at = now
            self._others.close_unused({id(shown.live) for shown in self._shown.values() if shown.pages})

    def _put(self, outbox: Outbox, message: bytes | None) -> None:
        assert self._loop is not None
        self._messages += 1
        if message is None:
            self._loop.call_soon_threadsafe(outbox.overflow)
        else:
            self._loop.call_soon_threadsafe(outbox.put, message)
