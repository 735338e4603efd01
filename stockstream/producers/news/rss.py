"""Feeds: RSS and Atom by address."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from time import struct_time
from typing import Any, Final
from urllib.parse import quote

import httpx

from stockstream.errors import RateLimited, SourceError, StockstreamError, Unavailable
from stockstream.names import cut
from stockstream.producers.news.headline import about, headline, words
from stockstream.producers.patience import retry_after
from stockstream.records import News
from stockstream.version import VERSION

PLACE: Final = "{symbol}"
"""What stands for the symbol in an address."""

_TIMEOUT: Final = 15.0
_MOST: Final = 8_000_000
_TOO_MANY: Final = 429
_SERVER: Final = 500
_NOT_MODIFIED: Final = 304


class Feed:
    """An RSS or Atom feed; asked again, it says by ETag or date whether anything is new.

    Parameters
    ----------
    url
        Its address.
    symbols
        The symbols. A feed that is not of one symbol alone gives a headline to those that it names.
    now
        The present time, for headlines without one.

    Raises
    ------
    StockstreamError
        feedparser is not installed, or this is no address.
    """

    def __init__(self, url: str, symbols: Sequence[str], now: Callable[[], datetime]) -> None:
        try:
            import feedparser
        except ImportError:
            raise StockstreamError(
                "feeds need the package feedparser", hint="pip install 'stockstream[models]'"
            ) from None
        if not url.startswith(("http://", "https://")):
            raise SourceError(f"{cut(url)} is not the address of a feed, such as https://example.org/rss")
        self._parse = feedparser.parse
        self._now = now
        self._url = url
        self._symbols = list(symbols)
        self._marks: dict[str, str] = {}
        self.name = httpx.URL(url).host or cut(url)
        self._client = httpx.Client(
            follow_redirects=True, timeout=_TIMEOUT, headers={"User-Agent": f"stockstream/{VERSION}"}
        )

    def fetch(self) -> list[News]:
        """The headlines of the feed, oldest first. Raises `RateLimited`, `Unavailable`, `SourceError`."""
        answer = self._get()
        if answer is None:
            return []
        found = self._headlines(answer.content)
        # Not before: what was not read is to be had again.
        pairs = (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
        self._marks = {ask: answer.headers[told] for ask, told in pairs if told in answer.headers}
        return sorted(found, key=lambda news: news.time)

    def _get(self) -> httpx.Response | None:
        """The feed, None if it has not changed."""
        try:
            answer = self._client.get(self._url, headers=self._marks)
        except httpx.TimeoutException:
            raise Unavailable(f"{self.name} does not answer within {_TIMEOUT:.0f} s") from None
        except httpx.HTTPError as error:
            raise Unavailable(f"{self.name} cannot be reached ({type(error).__name__})") from None
        said = f"{self.name} answers {answer.status_code} {answer.reason_phrase}".rstrip()
        if answer.status_code == _NOT_MODIFIED:
            return None
        if answer.status_code == _TOO_MANY:
            raise RateLimited(said, retry_after=retry_after(answer.headers.get("retry-after")))
        if answer.status_code >= _SERVER:
            raise Unavailable(said)
        if not answer.is_success:
            raise SourceError(f"{cut(self._url, 120)}: {said}", hint="check the address of the feed")
        if len(answer.content) > _MOST:
            raise SourceError(f"{cut(self._url, 120)} answers with more than {_MOST:,} bytes")
        return answer

    def _headlines(self, body: bytes) -> list[News]:
        """Those of all entries that have words."""
        parsed: Any = self._parse(body)
        if parsed.get("bozo") and not parsed.entries:
            raise SourceError(f"{cut(self._url, 120)} does not answer with RSS or Atom")
        found: list[News] = []
        for entry in parsed.entries:
            title = str(entry.get("title", ""))
            time = self._time(entry.get("published_parsed") or entry.get("updated_parsed"))
            url, known_by = entry.get("link") or None, entry.get("id") or None
            found += [
                headline(symbol, time, title, source=self.name, url=url, identity=known_by)
                for symbol in (about(title, self._symbols) if words(title) else ())
            ]
        return found

    def _time(self, published: struct_time | None) -> datetime:
        """When an entry was published; now if it says none that can be."""
        try:
            return datetime.fromtimestamp(timegm(published), UTC) if published else self._now()
        except (ValueError, OverflowError, OSError):
            return self._now()


def feeds(url: str, symbols: Sequence[str], now: Callable[[], datetime]) -> list[Feed]:
    """A feed for each symbol where ``{symbol}`` in the address stands for it, else one. Raises as `Feed` does."""
    if PLACE not in url:
        return [Feed(url, symbols, now)]
    return [Feed(url.replace(PLACE, quote(each, safe="")), [each], now) for each in symbols]
