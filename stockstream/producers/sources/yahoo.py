"""Yahoo Finance as a source: bars by its chart, quotes by its websocket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Final

from stockstream.intervals import YAHOO
from stockstream.periods import intraday
from stockstream.producers.bar_source import About, BarSource, Reply, Setup, Stream

if TYPE_CHECKING:
    from stockstream.producers.sources.yahoo_client import Client

_REACH: Final = {"1m": timedelta(days=29), "1h": timedelta(days=720)}
_REACH_BELOW_AN_HOUR: Final = timedelta(days=58)
_PAGE: Final = {"1m": timedelta(days=7)}
"""Maximum time span of a request: Yahoo's own limits, with some margin."""

_AHEAD: Final = timedelta(minutes=1)
"""Time after now that a request includes, because clocks differ."""


class Yahoo(BarSource):
    """Yahoo Finance, with yfinance's client: its cookie, its crumb, its protocol."""

    about: ClassVar[About] = About(
        name="yahoo",
        title="Yahoo",
        offers="bars and quotes of shares, funds, indices, currencies and crypto of most exchanges",
        needs="no account",
        terms="personal use only; no redistribution (Yahoo's terms of service)",
        intervals=YAHOO,
        limits=(
            "1m: 30 days back, at most 8 days a request; longer spans are fetched page by page",
            "2m to 90m: 60 days back; 1h: 730 days; from 1d on: all",
            "30m is made of 15m, because Yahoo's own bars of 30m are those of 1h at times",
            "no published limit of requests; it refuses (429) who asks too often",
            "quotes are free for personal use, and delayed where the exchange wants it",
            "prices are adjusted for splits, not for dividends; splits and dividends are marked on their bars",
        ),
        symbols="Yahoo's: AAPL, BRK-B, BTC-USD, ^GSPC, EURUSD=X, SAP.DE",
        examples=("produce yahoo AAPL MSFT --interval 5m --forming", "produce yahoo ^GSPC --history 1y --once"),
        extended=True,
    )

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    @cached_property
    def _client(self) -> Client:
        # yfinance takes a second to import; other commands should not load it.
        from stockstream.producers.sources.yahoo_client import SPACING, Client

        spacing = SPACING if self._setup.spacing is None else self._setup.spacing
        return Client(self._setup.folder, spacing, extended=self._setup.extended)

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:
        """The bars from an instant on; the first may be a part of its period, where the instant lies in a week."""
        now = self._setup.clock.now()
        end, page = now + _AHEAD, _PAGE.get(interval)
        if page is None or start + page >= now:
            return self._client.chart(symbol, interval, start, end)
        return self._client.chart(symbol, interval, start, start + page, more=start + page)

    def reach(self, interval: str) -> timedelta | None:
        """Length of Yahoo's history of bars below a day; a longer request returns none."""
        return _REACH.get(interval, _REACH_BELOW_AN_HOUR) if intraday(interval) else None

    def live(self, symbols: Sequence[str], interval: str) -> Stream | None:
        """Its quotes, for bars below a day."""
        if not intraday(interval):
            return None
        from stockstream.producers.sources.yahoo_quotes import quotes_of

        return quotes_of(symbols)
