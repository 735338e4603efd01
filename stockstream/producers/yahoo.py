"""Client of Yahoo Finance, with yfinance: bars of one symbol, or one of our errors."""

from __future__ import annotations

import logging
import re
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import yfinance
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException
from yfinance.data import YfData
from yfinance.exceptions import YFInvalidPeriodError, YFPricesMissingError, YFRateLimitError

from stockstream.errors import RateLimited, SourceError, Unavailable, UnknownSymbol
from stockstream.periods import intraday
from stockstream.producers.bar_source import Reply
from stockstream.producers.patience import Limiter, retry_after
from stockstream.producers.yahoo_frames import read_frame

_CHART: Final = "/v8/finance/chart/"
_NO_BARS: Final = "Data doesn't exist"
_TIMEOUT: Final = 20.0
_ANSWERS: Final = frozenset({400, 404, 422})
"""The statuses with which Yahoo says in words that it has no such thing."""

log = logging.getLogger(__name__)

# yfinance fetches 30m as 15m and resamples it, which makes rows without prices for every hour that is closed.
_RESAMPLED: Final = "30m"

_REACH: Final = {"1m": timedelta(days=7), "1h": timedelta(days=720)}
_REACH_BELOW_AN_HOUR: Final = timedelta(days=58)


@dataclass(frozen=True)
class _Seen:
    """How Yahoo answered a question for a chart."""

    status: int
    reason: str | None
    retry_after: float | None


class _Session(Session[Response]):
    """A client that keeps its distance between requests and remembers what yfinance does not tell."""

    def __init__(self, limiter: Limiter) -> None:
        super().__init__(impersonate="chrome")
        self.seen: _Seen | None = None
        self._limiter = limiter

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Response:
        self._limiter.wait()
        response = super().request(method, url, *args, **kwargs)
        if _CHART in url:
            wait = retry_after(response.headers.get("Retry-After"))
            self.seen = _Seen(response.status_code, _reason(response), wait)
        return response


class Yahoo:
    """Yahoo Finance as a `BarSource`.

    Parameters
    ----------
    cache
        Where yfinance keeps its cookie and the symbols' zones; made if need be.
    spacing
        Seconds between two requests, at the least.
    """

    name: Final = "yahoo"
    title: Final = "Yahoo"

    def __init__(self, cache: Path, *, spacing: float = 0.25) -> None:
        self._session = _Session(Limiter(spacing))
        yfinance.set_tz_cache_location(str(cache))
        yfinance.config.debug.hide_exceptions = False
        # yfinance lets its own use of deprecated pandas be seen by everybody who runs it.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")

    def newest(self, symbol: str, interval: str, span: str) -> Reply:
        """The newest bars, over a span that Yahoo knows: 5d, 1mo, 1y, max."""
        return self._asked(symbol, interval, {"period": span})

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:
        """The bars from an instant on; the first may be a part of its period, where the instant lies in a week."""
        return self._asked(symbol, interval, {"start": start})

    def reach(self, interval: str) -> timedelta | None:
        """How far back Yahoo goes for bars below a day; asked for more it gives none at all."""
        return _REACH.get(interval, _REACH_BELOW_AN_HOUR) if intraday(interval) else None

    def _asked(self, symbol: str, interval: str, span: dict[str, Any]) -> Reply:
        self._session.seen = None
        # It holds answers, failures among them, that would be given again without asking.
        YfData.cache_get.cache_clear()
        try:
            ticker = yfinance.Ticker(symbol, session=self._session)
            frame = ticker.history(
                interval=interval,
                auto_adjust=False,
                actions=True,
                keepna=interval != _RESAMPLED,
                timeout=_TIMEOUT,
                **span,
            )
            return read_frame(interval, frame, ticker.get_history_metadata())
        except Exception as error:  # yfinance raises whatever it stumbles over
            translated = self._translated(symbol, error)
            if translated is None:
                return Reply()
            raise translated from error

    def _translated(self, symbol: str, error: Exception) -> SourceError | None:
        """Our error for one of yfinance's; None where Yahoo merely has no bars."""
        seen = self._session.seen or _Seen(0, None, None)
        reason = seen.reason or getattr(error, "yahoo_reason", None)
        if seen.status == 429 or isinstance(error, YFRateLimitError):
            return RateLimited("Yahoo refuses for now (429 Too Many Requests)", retry_after=seen.retry_after)
        if seen.status >= 400 and (reason is None or seen.status not in _ANSWERS):
            return Unavailable(f"Yahoo fails (status {seen.status})")
        if reason and (seen.status == 404 or "delisted" in reason):
            return UnknownSymbol(symbol, f"Yahoo does not know {symbol} ({reason})")
        if isinstance(error, YFPricesMissingError) and (reason is None or reason.startswith(_NO_BARS)):
            return None
        if reason:
            return SourceError(f"Yahoo does not give {symbol}: {reason}", hint="try another --history or --interval")
        if isinstance(error, YFInvalidPeriodError):
            return SourceError(f"Yahoo knows no such span: {error}", hint="--history takes 5d, 1mo, 1y, max")
        if isinstance(error, RequestException):
            return Unavailable(f"Yahoo cannot be reached ({_short(error)})", hint="is this machine online?")
        log.info("what Yahoo answered for %s cannot be read", symbol, exc_info=error)
        return Unavailable(f"Yahoo's answer for {symbol} cannot be read ({type(error).__name__}: {error})")


def _reason(response: Response) -> str | None:
    """What Yahoo gives as the reason in an answer that is an error."""
    if response.status_code < 400:
        return None
    try:
        return str(response.json()["chart"]["error"]["description"])  # type: ignore[no-untyped-call]
    except (ValueError, LookupError, TypeError):
        return None


def _short(error: RequestException) -> str:
    """The message of curl without the numbers and the advice around it."""
    return re.sub(r"^Failed to perform, curl: \(\d+\) |\.? See https://.*$", "", str(error))
