"""Client of Yahoo's charts, with yfinance's cookie and crumb: one chart, or one of our errors."""

from __future__ import annotations

import logging
import re
import warnings
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Unpack
from urllib.parse import quote

import msgspec
import yfinance
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException
from yfinance.data import YfData
from yfinance.exceptions import YFRateLimitError

from stockstream.errors import RateLimited, SourceError, Unavailable, UnknownSymbol
from stockstream.periods import intraday
from stockstream.producers.bar_source import Reply
from stockstream.producers.patience import Limiter, retry_after
from stockstream.producers.sources.yahoo_chart import HALF_HOUR, QUARTER, read_chart

SPACING: Final = 0.25
"""Seconds between two requests, at the least."""

_HOST: Final = "https://query2.finance.yahoo.com"
_CHART: Final = "/v8/finance/chart/"
_NO_BARS: Final = "Data doesn't exist"
_TIMEOUT: Final = 20.0
_TOO_MANY: Final = 429
_FAILURE: Final = 500
_ANSWERS: Final = frozenset({400, 404, 422})
"""Statuses with which Yahoo answers, in words, that it lacks the data."""

if TYPE_CHECKING:  # it has them for types alone
    from curl_cffi.requests.session import HttpMethod, RequestParams

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Seen:
    """Yahoo's answer to a request for a chart."""

    status: int
    reason: str | None
    retry_after: float | None


NOTHING: Final = _Seen(0, None, None)


class _Told(Exception):
    """Yahoo's answer is that it has no chart, or fails."""


class _Session(Session[Response]):
    """A session that spaces its requests and remembers the answers that yfinance hides."""

    def __init__(self, limiter: Limiter) -> None:
        super().__init__(impersonate="chrome")
        self.seen = NOTHING
        self._limiter = limiter

    def request(  # type: ignore[override]  # curl_cffi itself passes all but these two by name
        self, method: HttpMethod, url: str, **options: Unpack[RequestParams]
    ) -> Response:
        self._limiter.wait()
        response = super().request(method, url, **options)  # type: ignore[arg-type]  # its own types differ
        if _CHART in url:
            # After any error yfinance would fetch another cookie and crumb, and repeat the request at once.
            wait = retry_after(response.headers.get("Retry-After"))
            self.seen = _Seen(response.status_code, _reason(response), wait)
            if response.status_code == _TOO_MANY:
                raise RateLimited("Yahoo refuses for now (429 Too Many Requests)", retry_after=wait)
            if response.status_code >= _FAILURE or (self.seen.reason and response.status_code in _ANSWERS):
                raise _Told  # whatever the cookie
        return response


class Client:
    """Requests charts from Yahoo.

    Parameters
    ----------
    cache
        Folder of yfinance's cookie; created if needed.
    spacing
        Seconds between two requests, at the least.
    extended
        Whether to take bars outside of regular hours, too.
    """

    def __init__(self, cache: Path, spacing: float, *, extended: bool = False) -> None:
        self._session = _Session(Limiter(spacing))
        self._extended = extended
        yfinance.set_tz_cache_location(str(cache))
        yfinance.config.debug.hide_exceptions = False
        # yfinance shows warnings about its own use of deprecated pandas to every user.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")
        self._yahoo = YfData(session=self._session)

    def chart(
        self, symbol: str, interval: str, start: datetime, end: datetime, *, more: datetime | None = None
    ) -> Reply:
        """The bars of a span of time; ``more`` is what the reply says of the rest. Raises what a source raises."""
        self._session.seen = NOTHING
        params = {
            "period1": int(start.timestamp()),
            "period2": int(end.timestamp()),
            "interval": QUARTER if interval == HALF_HOUR else interval,
            "includePrePost": self._extended and intraday(interval),
            "events": "div,splits,capitalGains",
        }
        try:
            # It is a singleton of the process and keeps the last session.
            self._yahoo._session = self._session  # noqa: SLF001 - yfinance has no other way
            response = self._yahoo.get(f"{_HOST}{_CHART}{quote(symbol, safe='=^')}", params=params, timeout=_TIMEOUT)
            if response.status_code >= 400:
                raise ValueError(f"status {response.status_code}")
            reply = read_chart(response.content, interval, extended=self._extended)
        except Exception as error:  # yfinance raises any kind of error
            translated = self._translated(symbol, error)
            if translated is None:
                return Reply(more=more)
            raise translated from error
        return replace(reply, more=more)

    def _translated(self, symbol: str, error: Exception) -> SourceError | None:
        """Our error for one of yfinance's; None where Yahoo merely has no bars."""
        seen = self._session.seen
        if isinstance(error, RateLimited):
            return error
        if isinstance(error, YFRateLimitError):
            return RateLimited("Yahoo refuses for now (429 Too Many Requests)", retry_after=seen.retry_after)
        if seen.status >= 400 and (seen.reason is None or seen.status not in _ANSWERS):
            return Unavailable(f"Yahoo fails (status {seen.status})")
        if seen.reason:
            if seen.reason.startswith(_NO_BARS):
                return None
            if seen.status == 404 or "delisted" in seen.reason:
                return UnknownSymbol(symbol, f"Yahoo does not know {symbol} ({seen.reason})")
            hint = "try another --history or --interval"
            return SourceError(f"Yahoo does not give {symbol}: {seen.reason}", hint=hint)
        if isinstance(error, RequestException):
            return Unavailable(f"Yahoo cannot be reached ({_short(error)})", hint="is this machine online?")
        log.info("what Yahoo answered for %s cannot be read", symbol, exc_info=error)
        return Unavailable(f"Yahoo's answer for {symbol} cannot be read ({type(error).__name__}: {error})")


class _Error(msgspec.Struct):
    description: str


class _Chart(msgspec.Struct):
    error: _Error


class _Refusal(msgspec.Struct):
    """The text of Yahoo's answer."""

    chart: _Chart


def _reason(response: Response) -> str | None:
    """The reason in Yahoo's error answer."""
    if response.status_code < 400:
        return None
    try:
        return msgspec.json.decode(response.content, type=_Refusal).chart.error.description
    except msgspec.MsgspecError:
        return None


def _short(error: RequestException) -> str:
    """The message of curl without the numbers and the advice around it."""
    return re.sub(r"^Failed to perform, curl: \(\d+\) |\.? See https://.*$", "", str(error))
