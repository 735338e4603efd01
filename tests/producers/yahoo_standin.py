"""A stand-in for Yahoo on this machine: the hosts that yfinance uses, and its websocket, behind a proxy, over TLS.

Only the environment (`Standin.environment`) leads a client here, so that the client is unchanged.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

import trustme

from tests.producers.stream_standin import StreamStandin, streaming

STREAMER = "streamer.finance.yahoo.com"
HOSTS = tuple(f"{name}.yahoo.com" for name in ("fc", "guce", "consent", "finance", "query1.finance", "query2.finance"))
STREAMS = (STREAMER, "data-stream.binance.vision")
SERVICES = ("data-api.binance.vision", "api.exchange.coinbase.com", "www.alphavantage.co")
HOSTS = (*HOSTS, *STREAMS, *SERVICES)
CHART = "/v8/finance/chart/"
DROP = "drop"
"""A fault: the connection is closed without an answer."""

CUT = "cut"
"""A fault: the connection is closed in the midst of an answer."""


class Candle(NamedTuple):
    """A row of a reply; None where Yahoo has null."""

    time: datetime
    open: float | None
    high: float | None
    low: float | None
    close: float | None
    volume: float | None


def candle(time: datetime, price: float = 100.0, volume: float = 500.0) -> Candle:
    """A row around a price."""
    return Candle(time, price, price + 1, price - 1, price + 0.5, volume)


def null(time: datetime) -> Candle:
    """A row without any number."""
    return Candle(time, None, None, None, None, None)


@dataclass
class Market:
    """A symbol as Yahoo knows it: its rows, and the session of today."""

    rows: list[Candle]
    session: tuple[datetime, datetime]
    interval: str = "1m"
    currency: str = "USD"
    zone: str = "America/New_York"
    instrument: str = "EQUITY"
    events: dict[str, Any] = field(default_factory=dict)

    def reply(self, symbol: str, query: dict[str, str]) -> dict[str, Any]:
        """A chart in Yahoo's v8 shape, of a period or a range."""
        first, last = (float(query.get(name, default)) for name, default in (("period1", "0"), ("period2", "inf")))
        rows = [row for row in self.visible() if first <= row.time.timestamp() <= last]
        result: dict[str, Any] = {"meta": self._meta(symbol), "indicators": {"quote": [{}]}}
        if rows:
            names = ("open", "high", "low", "close", "volume")
            result["timestamp"] = [int(row.time.timestamp()) for row in rows]
            result["indicators"]["quote"] = [{name: [getattr(row, name) for row in rows] for name in names}]
            if not self._intraday:
                # Adjusted for a dividend: a little lower than the close.
                adjusted = [None if row.close is None else row.close * 0.99 for row in rows]
                result["indicators"]["adjclose"] = [{"adjclose": adjusted}]
        if self.events:
            result["events"] = self.events
        return {"chart": {"result": [result], "error": None}}

    def visible(self) -> list[Candle]:
        """The rows as they are now."""
        return self.rows

    @property
    def _intraday(self) -> bool:
        return self.interval[-1] in "mh"

    def _meta(self, symbol: str) -> dict[str, Any]:
        meta: dict[str, Any] = {
            "currency": self.currency,
            "symbol": symbol,
            "exchangeName": "NMS",
            "instrumentType": self.instrument,
            "firstTradeDate": 345479400,
            "regularMarketTime": int(self.session[1].timestamp()),
            "gmtoffset": self._offset(self.session[0]),
            "timezone": "XXX",
            "exchangeTimezoneName": self.zone,
            "priceHint": 2,
            "currentTradingPeriod": {name: self._period(*self.session) for name in ("pre", "regular", "post")},
            "dataGranularity": self.interval,
            "range": "",
            "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
        }
        if self._intraday:
            zone = ZoneInfo(self.zone)
            today = self.session[0].astimezone(zone).date()
            days = {row.time.astimezone(zone).date() for row in self.visible()} | {today}
            meta["tradingPeriods"] = [
                [self._period(*(moment + timedelta(days=(day - today).days) for moment in self.session))]
                for day in sorted(days)
            ]
        return meta

    def _period(self, start: datetime, end: datetime) -> dict[str, Any]:
        return {
            "timezone": "XXX",
            "start": int(start.timestamp()),
            "end": int(end.timestamp()),
            "gmtoffset": self._offset(start),
        }

    def _offset(self, moment: datetime) -> int:
        offset = moment.astimezone(ZoneInfo(self.zone)).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())


class Fault(NamedTuple):
    """An answer that is none: a status, what it says, and its headers."""

    status: int
    body: str
    headers: dict[str, str] = {}  # noqa: RUF012 - a default that nobody changes


TOO_MANY = Fault(429, "Edge: Too Many Requests", {"Retry-After": "0.05"})


def error(status: int, code: str, description: str) -> Fault:
    """An error as Yahoo's chart reports it."""
    return Fault(status, json.dumps({"chart": {"result": None, "error": {"code": code, "description": description}}}))


UNKNOWN = error(404, "Not Found", "No data found, symbol may be delisted")


class Request(NamedTuple):
    """A request that arrived."""

    host: str
    path: str
    query: dict[str, str]


Service = Callable[[Request], Fault]
"""How another service than Yahoo answers."""


@dataclass
class Standin:
    """What it knows and what it heard; a test changes `markets` and `faults` while it runs.

    ``faults`` answer the next requests for charts, and those to other services, one each. ``services`` answer for
    their hosts. ``replies`` are recorded charts, by symbol. ``delay`` is
    for how many seconds it thinks about a chart; ``heard`` is called with each request.
    """

    folder: Path
    port: int
    authority: Path
    stream: StreamStandin
    markets: dict[str, Market] = field(default_factory=dict)
    replies: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: deque[Fault | str] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    delay: float = 0.0
    heard: Callable[[], None] = lambda: None
    services: dict[str, Service] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What leads a client here."""
        proxy = f"http://127.0.0.1:{self.port}"
        way = {"HTTPS_PROXY": proxy, "https_proxy": proxy, "NO_PROXY": "", "no_proxy": ""}
        trusted = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
        return way | dict.fromkeys(trusted, str(self.authority))

    def charts(self, symbol: str) -> list[dict[str, str]]:
        """What was asked for a symbol's bars."""
        return [request.query for request in self.requests if request.path == CHART + symbol]

    def answer(self, request: Request) -> Fault | str:
        """Answer as Yahoo would."""
        self.heard()
        self.requests.append(request)
        if request.host in self.services:
            time.sleep(self.delay)
            return self.faults.popleft() if self.faults else self.services[request.host](request)
        if request.path.startswith(CHART):
            return self._chart(request)
        if request.host == "fc.yahoo.com":
            cookie = "A3=d=stand-in; Domain=.yahoo.com; Path=/; Secure; Expires=Fri, 01 Jan 2100 00:00:00 GMT"
            return Fault(404, "", {"Set-Cookie": cookie})
        if request.path.endswith("/getcrumb"):
            return Fault(200, "crumb")
        return Fault(404, "")

    def _chart(self, request: Request) -> Fault | str:
        time.sleep(self.delay)
        if self.faults:
            return self.faults.popleft()
        symbol = request.path.removeprefix(CHART)
        if symbol in self.replies:
            return Fault(200, json.dumps(self.replies[symbol]))
        if symbol in self.markets:
            return Fault(200, json.dumps(self.markets[symbol].reply(symbol, request.query)))
        return UNKNOWN


class _Handler(BaseHTTPRequestHandler):
    """The proxy's side of a connection, and behind CONNECT the hosts'."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_CONNECT(self) -> None:
        self.host = self.path.rpartition(":")[0]
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        if self.host in self.server.streams:
            self.close_connection = True
            tunnel(self.connection, self.server.standin.stream.port)
            return
        try:
            self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        except OSError:
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        self.close_connection = False

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        request = Request(self.host, unquote(parts.path), dict(parse_qsl(parts.query)))
        answer = self.server.standin.answer(request)
        if isinstance(answer, str):
            self.close_connection = True
            if answer == CUT:
                self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n[[1773928200000, "100.0')
                self.wfile.flush()
            self.connection.close()
            return
        body = answer.body.encode()
        self.send_response(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    standin: Standin
    tls: ssl.SSLContext
    streams: frozenset[str]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error."""


@contextmanager
def standing_in(folder: Path) -> Iterator[Standin]:
    """Run a stand-in."""
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS).configure_cert(tls)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    server = _Server(("127.0.0.1", 0), _Handler)
    server.tls = tls
    server.streams = frozenset(STREAMS)
    with streaming(tls) as stream:
        server.standin = Standin(folder, server.server_address[1], folder / "ca.pem", stream)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.standin
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def tunnel(client: socket.socket, port: int) -> None:
    """Pass on what is said between a client and a port of this machine, until one of them is gone."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as server:
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def pump(source: socket.socket, sink: socket.socket) -> None:
            with suppress(OSError):
                while data := source.recv(65_536):
                    sink.sendall(data)
            for each in (source, sink):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

        back = threading.Thread(target=pump, args=(server, client), daemon=True)
        back.start()
        pump(client, server)
        back.join()


def quote(symbol: str, time: datetime, price: float, volume: int, hours: int = 1) -> str:
    """A message as Yahoo's websocket sends it: protobuf's PricingData in base64 in JSON."""
    from yfinance.pricing_pb2 import PricingData  # as late as here: it takes a second

    data = PricingData(id=symbol, price=price, time=round(time.timestamp() * 1000), day_volume=volume)
    data.market_hours = hours
    return json.dumps({"type": "pricing", "message": b64encode(data.SerializeToString()).decode()})


def minutes(first: datetime, count: int, price: float = 100.0) -> list[Candle]:
    """Consecutive one-minute rows."""
    return [candle(first + timedelta(minutes=number), price + number) for number in range(count)]


OPENING = datetime(2026, 3, 19, 13, 30, tzinfo=UTC)
"""A session's opening in New York, and `CLOSING` its end."""

CLOSING = datetime(2026, 3, 19, 20, 0, tzinfo=UTC)
