"""Binance as a source: its public klines, and its public stream of them; around the clock, without a key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Final

import msgspec

from stockstream.errors import SourceError, Unavailable, UnknownSymbol
from stockstream.producers.bar_source import About, BarSource, LiveRow, Reply, Row, Setup, Stream
from stockstream.producers.sources.json_client import JsonClient

HOST: Final = "https://data-api.binance.vision"
STREAM: Final = "wss://data-stream.binance.vision/stream?streams="

_OURS: Final = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "1wk", "1mo")
_THEIRS: Final = {"1wk": "1w", "1mo": "1M"}
_PAGE: Final = 1000
_UNKNOWN: Final = -1121
_MOST_STREAMS: Final = 1024
_SPACING: Final = 0.1
_QUOTED: Final = ("USDT", "USDC", "FDUSD", "TUSD", "EUR", "TRY", "BTC", "ETH", "BNB")

_Number = Annotated[float, msgspec.Meta(ge=-1e100, le=1e100)]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Kline(msgspec.Struct, array_like=True):
    """A row of an answer; the columns after the volume are not needed."""

    opens: int
    open: _Number
    high: _Number
    low: _Number
    close: _Number
    volume: _Number


class _Failure(msgspec.Struct):
    code: int
    msg: str


class _LiveKline(msgspec.Struct):
    t: int
    s: str
    o: _Number
    h: _Number
    l: _Number  # noqa: E741 - Binance's name
    c: _Number
    v: _Number
    x: bool


class _Event(msgspec.Struct):
    k: _LiveKline | None = None


class _Message(msgspec.Struct):
    data: _Event | None = None


# Binance encodes numbers as strings.
_MESSAGES: Final = msgspec.json.Decoder(_Message, strict=False)


class Binance(BarSource):
    """Binance's market data."""

    about: ClassVar[About] = About(
        name="binance",
        title="Binance",
        offers="bars of some thousand pairs of crypto, at the moment and around the clock",
        needs="no account",
        terms="own use of public market data; no resale (Binance's terms of use)",
        intervals=_OURS,
        limits=(
            "history: all; a thousand bars a request, fetched page by page",
            "6,000 units of weight a minute and address, a request here costs 2; 429 and then 418 refuse",
            "stream: 1,024 pairs a connection, which Binance closes after 24 hours",
            "days and weeks are those of UTC",
        ),
        symbols="Binance's pairs: BTCUSDT, ETHUSDT, ETHBTC",
        examples=("produce binance BTCUSDT ETHUSDT", "produce binance BTCUSDT --interval 1h --history 1mo --once"),
        weekends=True,
        history="1d",
    )

    def __init__(self, setup: Setup) -> None:
        self._client = JsonClient("Binance", HOST, _SPACING if setup.spacing is None else setup.spacing)

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:
        """A thousand bars from an instant on."""
        since = max(0, round((start - _EPOCH).total_seconds() * 1000))
        params: dict[str, str | int] = {
            "symbol": symbol,
            "interval": _THEIRS.get(interval, interval),
            "startTime": since,
            "limit": _PAGE,
        }
        status, content = self._client.get("/api/v3/klines", params)
        try:
            if status != 200:
                raise _failure(symbol, msgspec.json.decode(content, type=_Failure))
            klines = msgspec.json.decode(content, type=list[_Kline], strict=False)
        except msgspec.MsgspecError as error:
            raise Unavailable(f"Binance's answer for {symbol} cannot be read (status {status}: {error})") from error
        rows = tuple(Row(_time(each.opens), *_prices(each)) for each in klines)
        more = rows[-1].time + timedelta(milliseconds=1) if len(rows) == _PAGE else None
        return Reply(rows, currency=_currency(symbol), more=more)

    def live(self, symbols: Sequence[str], interval: str) -> Stream | None:
        """The stream of the symbols' klines; limited to the first ones if there are too many."""
        theirs = _THEIRS.get(interval, interval)
        names = [f"{symbol.lower()}@kline_{theirs}" for symbol in symbols[:_MOST_STREAMS]]
        return Stream(STREAM + "/".join(names), read_klines)


def read_klines(message: str | bytes) -> Iterator[LiveRow]:
    """The bar in a message; none if it is of another kind. ValueError if it cannot be read."""
    if not message:
        return
    try:
        decoded = _MESSAGES.decode(message)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    if decoded.data is not None and decoded.data.k is not None:
        kline = decoded.data.k
        row = Row(_time(kline.t), kline.o, kline.h, kline.l, kline.c, kline.v)
        yield LiveRow(kline.s, row, kline.x)


def _time(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _prices(kline: _Kline) -> tuple[float, float, float, float, float]:
    return kline.open, kline.high, kline.low, kline.close, kline.volume


def _currency(symbol: str) -> str | None:
    """The quote currency of a pair.

    >>> _currency("ETHBTC"), _currency("BTCUSDT")
    ('BTC', 'USDT')
    """
    return next((name for name in _QUOTED if symbol.endswith(name) and symbol != name), None)


def _failure(symbol: str, failure: _Failure) -> SourceError:
    if failure.code == _UNKNOWN:
        return UnknownSymbol(symbol, f"Binance does not know {symbol} ({failure.msg})")
    return SourceError(f"Binance does not give {symbol}: {failure.msg} ({failure.code})")
