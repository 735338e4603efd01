"""Feeds: RSS and Atom by address."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from stockstream.errors import RateLimited, SourceError, StockstreamError, Unavailable
from stockstream.names import cut
from stockstream.producers.news.headline import about, headline
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
        Its address; ``{symbol}`` in it stands for each symbol in turn.
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
        parts = [(url.replace(PLACE, each), [each]) for each in symbols] if PLACE in url else [(url, list(symbols))]
        self._parts = parts
        self._marks: dict[str, dict[str, str]] = {}
        self.name = httpx.URL(url).host or cut(url)
        self._client = httpx.Client(
            follow_redirects=True, timeout=_TIMEOUT, headers={"User-Agent": f"stockstream/{VERSION}"}
        )

    def fetch(self) -> list[News]:
        """The headlines of the feed, oldest first. Raises `RateLimited`, `Unavailable`, `SourceError`."""
        found: list[News] = []
        for url, symbols in self._parts:
            body = self._get(url)
            if body is not None:
                found += self._headlines(body, symbols)
        return sorted(found, key=lambda news: news.time)

    def _get(self, url: str) -> bytes | None:
        """The feed, None if it has not changed."""
        try:
            answer = self._client.get(url, headers=self._marks.get(url, {}))
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
            raise SourceError(said, hint="check the address of the feed")
        if len(answer.content) > _MOST:
            raise SourceError(f"{self.name} answers with more than {_MOST:,} bytes")
        pairs = (("If-None-Match", "etag"), ("If-Modified-Since", "last-modified"))
        self._marks[url] = {ask: answer.headers[told] for ask, told in pairs if told in answer.headers}
        return answer.content

    def _headlines(self, body: bytes, symbols: Sequence[str]) -> list[News]:
        parsed: Any = self._parse(body)
        if parsed.get("bozo") and not parsed.entries:
            raise SourceError(f"{self.name} does not answer with RSS or Atom")
        found: list[News] = []
        for entry in parsed.entries:
            title = str(entry.get("title", ""))
            published = entry.get("published_parsed") or entry.get("updated_parsed")
            time = datetime.fromtimestamp(timegm(published), UTC) if published else self._now()
            url, known_by = entry.get("link") or None, entry.get("id") or None
            found += [
                headline(symbol, time, title, source=self.name, url=url, identity=known_by)
                for symbol in (about(title, symbols) if title.strip() else ())
            ]
        return found
