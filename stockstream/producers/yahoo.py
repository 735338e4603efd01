"""Yahoo Finance through yfinance: one symbol's bars, or one of our errors; behind one limiter, with patience."""

from __future__ import annotations

import logging
import re
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from random import uniform
from typing import Any, Final

import stamina
import yfinance
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException
from yfinance.data import YfData
from yfinance.exceptions import YFInvalidPeriodError, YFPricesMissingError, YFRateLimitError

from stockstream.errors import RateLimited, SourceError, Unavailable, UnknownSymbol
from stockstream.producers.yahoo_bars import Answer, read_answer

_CHART: Final = "/v8/finance/chart/"
_NO_BARS: Final = "Data doesn't exist"
_TIMEOUT: Final = 20.0
_LONGEST_PAUSE: Final = 900.0
_ANSWERS: Final = frozenset({400, 404, 422})
"""The statuses with which Yahoo says in words that it has no such thing."""

log = logging.getLogger(__name__)

# yfinance fetches 30m as 15m and resamples it, which makes rows without prices for every hour that is closed.
_RESAMPLED: Final = "30m"


@dataclass(frozen=True)
class Patience:
    """How Yahoo is asked, in seconds.

    Between two requests lie at least ``spacing``. What failed is asked again, ``attempts`` times in all, after
    ``first``, doubled each time up to ``longest``, and some jitter; after a refusal when Yahoo says, or else after
    ``refused`` and up to twice that.
    """

    spacing: float = 0.25
    attempts: int = 6
    first: float = 2.0
    longest: float = 60.0
    refused: float = 30.0


@dataclass(frozen=True)
class _Seen:
    """How Yahoo answered a question for a chart."""

    status: int
    reason: str | None
    retry_after: float | None


class _Session(Session[Response]):
    """A client that keeps its distance between requests and remembers what yfinance does not tell."""

    def __init__(self, spacing: float) -> None:
        super().__init__(impersonate="chrome")
        self.seen: _Seen | None = None
        self._spacing = spacing
        self._free_at = 0.0

    def request(self, method: Any, url: str, *args: Any, **kwargs: Any) -> Response:
        time.sleep(max(0.0, self._free_at - time.monotonic()))
        self._free_at = time.monotonic() + self._spacing
        response = super().request(method, url, *args, **kwargs)
        if _CHART in url:
            wait = _seconds(response.headers.get("Retry-After"))
            self.seen = _Seen(response.status_code, _reason(response), wait)
        return response


class Yahoo:
    """Asks Yahoo for bars. One thread at a time: all its requests go through one limiter.

    Parameters
    ----------
    cache
        Where yfinance keeps its cookie and the symbols' zones; made if need be.
    patience
        How often and how soon it asks again.
    """

    def __init__(self, cache: Path, *, patience: Patience = Patience()) -> None:
        self._patience = patience
        self._session = _Session(patience.spacing)
        self._stopped = False
        yfinance.set_tz_cache_location(str(cache))
        yfinance.config.debug.hide_exceptions = False
        # yfinance lets its own use of deprecated pandas be seen by everybody who runs it.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="yfinance")

    def stop(self) -> None:
        """Give up at the next chance what is asked for now; for another thread."""
        self._stopped = True

    def bars(
        self,
        symbol: str,
        interval: str,
        since: datetime | str,
        *,
        trouble: Callable[[SourceError, float], None] = lambda *_: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Answer:
        """Ask for the bars of a symbol, again and again if need be.

        Parameters
        ----------
        symbol
            As Yahoo writes it.
        interval
            One of `stockstream.intervals.YAHOO`.
        since
            From which instant on, or a span back from now that Yahoo knows: 5d, 1mo, 1y, max.
        trouble
            Told each failure that is worth another attempt, and in about how many seconds that follows.
        now
            What time it is.

        Returns
        -------
        Answer
            Without bars where Yahoo has none: the market was closed all the time.

        Raises
        ------
        UnknownSymbol
            At once.
        SourceError
            At once, where Yahoo says that it will not give this: a span too long for the interval.
        RateLimited, Unavailable
            After the last attempt.
        """
        wait = self._patience
        for attempt in stamina.retry_context(
            self._worth_waiting,
            attempts=wait.attempts,
            timeout=None,
            wait_initial=wait.first,
            wait_max=wait.longest,
            wait_jitter=wait.first,
        ):
            with attempt:
                if self._stopped:
                    raise Unavailable("nobody waits for Yahoo any more")
                try:
                    return self._ask(symbol, interval, since, now())
                except (RateLimited, Unavailable) as error:
                    if attempt.num < wait.attempts:
                        refused = error.retry_after if isinstance(error, RateLimited) else None
                        trouble(error, refused or attempt.next_wait)
                    raise
        raise AssertionError("the last attempt raises")

    def _worth_waiting(self, error: Exception) -> bool | float:
        """Whether to ask again; for a refusal also when."""
        if self._stopped:
            return False
        if isinstance(error, RateLimited):
            return error.retry_after or True
        return isinstance(error, Unavailable)

    def _ask(self, symbol: str, interval: str, since: datetime | str, now: datetime) -> Answer:
        self._session.seen = None
        # It holds answers, failures among them, that would be given again without asking.
        YfData.cache_get.cache_clear()
        span: dict[str, Any] = {"period": since} if isinstance(since, str) else {"start": since}
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
            return read_answer(symbol, interval, frame, ticker.get_history_metadata(), now)
        except Exception as error:  # yfinance raises whatever it stumbles over
            translated = self._translated(symbol, error)
            if translated is None:
                return Answer()
            raise translated from error

    def _translated(self, symbol: str, error: Exception) -> SourceError | None:
        """Our error for one of yfinance's; None where Yahoo merely has no bars."""
        seen = self._session.seen or _Seen(0, None, None)
        reason = seen.reason or getattr(error, "yahoo_reason", None)
        if seen.status == 429 or isinstance(error, YFRateLimitError):
            return RateLimited("Yahoo refuses for now (429 Too Many Requests)", retry_after=self._pause(seen))
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

    def _pause(self, seen: _Seen) -> float:
        """How long to leave Yahoo alone after a refusal, with some jitter."""
        wait = self._patience
        if seen.retry_after is None:
            return uniform(wait.refused, 2 * wait.refused)  # noqa: S311 - no secret
        return min(seen.retry_after, _LONGEST_PAUSE) + uniform(0, wait.first)  # noqa: S311 - no secret


def _seconds(retry_after: str | None) -> float | None:
    """The header's seconds, which may stand there as a date."""
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


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
