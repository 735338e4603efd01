"""Yahoo's news of a symbol, by yfinance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from stockstream.errors import RateLimited, Unavailable
from stockstream.producers.news.headline import headline, words
from stockstream.records import News

_MOST: Final = 50


class YahooNews:
    """The newest headlines that Yahoo has of a symbol."""

    name = "Yahoo"

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol

    def fetch(self) -> list[News]:
        """The headlines of the symbol, oldest first. Raises `RateLimited`, `Unavailable`."""
        import yfinance  # it takes a second
        from yfinance.exceptions import YFRateLimitError

        try:
            articles = yfinance.Ticker(self._symbol).get_news(count=_MOST, tab="all")
        except YFRateLimitError:
            raise RateLimited("Yahoo refuses for now (429 Too Many Requests)") from None
        except Exception as error:
            # yfinance raises what its transport does, of several libraries.
            raise Unavailable(f"Yahoo's news cannot be reached ({type(error).__name__})") from error
        found = [each for article in articles if (each := news_of(self._symbol, article)) is not None]
        return sorted(found, key=lambda news: news.time)


def news_of(symbol: str, article: Mapping[str, Any]) -> News | None:
    """The headline of an article as Yahoo writes it, None for what has no title or no time."""
    content = article.get("content") or {}
    title, published = content.get("title"), content.get("pubDate") or content.get("displayTime")
    if not isinstance(title, str) or not words(title) or not isinstance(published, str):
        return None
    try:
        time = datetime.fromisoformat(published)
    except ValueError:
        return None
    page = content.get("canonicalUrl") or content.get("clickThroughUrl") or {}
    provider = content.get("provider") or {}
    return headline(
        symbol,
        time if time.tzinfo else time.replace(tzinfo=UTC),
        title,
        source=str(provider.get("displayName") or "Yahoo"),
        url=page.get("url"),
        identity=str(article.get("id") or "") or None,
    )
