"""Coinbase as a source: its public candles; around the clock, without a key. The smallest of the polled sources."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

import msgspec

from stockstream.errors import Unavailable, UnknownSymbol
from stockstream.producers.bar_source import About, BarSource, Reply, Row, Setup
from stockstream.producers.sources.json_client import JsonClient

HOST: Final = "https://api.exchange.coinbase.com"

_SECONDS: Final = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "6h": 21_600, "1d": 86_400}
_PAGE: Final = 300
_FIRST: Final = datetime(2015, 1, 1, tzinfo=UTC)
_SPACING: Final = 0.2


class _Candle(msgspec.Struct, array_like=True):
    time: int
    low: float
    high: float
    open: float
    close: float
    volume: float


class Coinbase(BarSource):
    """Coinbase Exchange's market data."""

    about: ClassVar[About] = About(
        name="coinbase",
        title="Coinbase",
        offers="bars of some hundred pairs of crypto, around the clock",
        needs="no account",
        terms="own use of public market data; no redistribution (Coinbase's terms)",
        intervals=tuple(_SECONDS),
        limits=(
            "history: since 2015; 300 bars a request, fetched page by page",
            "10 requests a second and address",
            "polled: its stream gives the volume of 24 hours, not that of a bar",
        ),
        symbols="Coinbase's pairs: BTC-USD, ETH-EUR",
        examples=("produce coinbase BTC-USD", "produce coinbase BTC-USD --interval 1h --history 1mo --once"),
        weekends=True,
        history="1d",
    )

    def __init__(self, setup: Setup) -> None:
        self._client = JsonClient("Coinbase", HOST, _SPACING if setup.spacing is None else setup.spacing)
        self._clock = setup.clock

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:
        """Three hundred bars from an instant on."""
        start, page = max(start, _FIRST), timedelta(seconds=_SECONDS[interval] * _PAGE)
        end = start + page - timedelta(seconds=1)
        params: dict[str, str | int] = {
            "granularity": _SECONDS[interval],
            "start": start.isoformat(),
            "end": end.isoformat(),
        }
        status, content = self._client.get(f"/products/{symbol}/candles", params)
        if status == 404:
            raise UnknownSymbol(symbol, f"Coinbase does not know {symbol}")
        try:
            candles = msgspec.json.decode(content, type=list[_Candle])
        except msgspec.MsgspecError as error:
            raise Unavailable(f"Coinbase's answer for {symbol} cannot be read (status {status}: {error})") from error
        rows = tuple(
            Row(datetime.fromtimestamp(each.time, UTC), each.open, each.high, each.low, each.close, each.volume)
            for each in reversed(candles)  # the newest come first
        )
        more = start + page if start + page < self._clock.now() else None
        return Reply(rows, currency=symbol.rpartition("-")[2] or None, more=more)
