"""Headline: its identity, and the symbols that it is about."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from html import unescape
from typing import Final

from stockstream.names import cut
from stockstream.records import News

_LONGEST: Final = 500
_TAGS: Final = re.compile(r"<[^<>]{0,1000}>")


def news_id(symbol: str, identity: str) -> str:
    """The id of a headline of a symbol: 16 hex digits of what its source knows it by, or of its words.

    >>> news_id("AAPL", "https://example.org/1") == news_id("AAPL", "https://example.org/1")
    True
    """
    return hashlib.blake2b(f"{symbol}\n{identity}".encode(errors="replace"), digest_size=8).hexdigest()


def words(title: str) -> str:
    """The words of a title, without tags; empty for one that has none.

    >>> words("<b>Acme</b> &amp; Sons"), words("<b></b>&nbsp;")
    ('Acme & Sons', '')
    """
    return cut(" ".join(unescape(_TAGS.sub(" ", title)).split()), _LONGEST)


def headline(
    symbol: str, time: datetime, title: str, *, source: str, url: str | None = None, identity: str | None = None
) -> News:
    """A headline without a score. Raises ValueError for one without words.

    Parameters
    ----------
    symbol
        The symbol that it is about.
    time
        When it was published, with an offset.
    title
        Its words; tags are removed.
    source
        Where it comes from.
    url
        Its page.
    identity
        What the source knows it by; without one its page, or its words.
    """
    said = words(title)
    if not said:
        raise ValueError("a headline has no words")
    known_by = identity or url or said
    return News(symbol=symbol, time=time, id=news_id(symbol, known_by), title=said, url=url, source=source)


def about(title: str, symbols: Sequence[str]) -> list[str]:
    """The symbols that a headline names; the only one wanted is not looked for.

    >>> about("Nothing in it", ["AAPL"]), about("Why AAPL and $MSFT rose", ["AAPL", "MSFT", "IBM"])
    (['AAPL'], ['AAPL', 'MSFT'])
    """
    if len(symbols) == 1:
        return list(symbols)
    return [each for each in symbols if re.search(rf"(?<![\w.-]){re.escape(each)}(?![\w-])", title)]
