"""Headlines of feeds, of Yahoo and of posts: their ids, their symbols, and what is wrong with some."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stockstream.errors import BadRow, RateLimited, SourceError, Unavailable
from stockstream.producers.news.headline import headline
from stockstream.producers.news.posts import posts
from stockstream.producers.news.rss import Feed, feeds
from stockstream.producers.news.yahoo_news import news_of
from stockstream.records import News

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)

RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>Acme</title>
<item><title>AAPL &amp;amp; MSFT rise</title><link>https://example.org/2</link><guid>two</guid>
  <pubDate>Mon, 02 Mar 2026 14:30:00 +0000</pubDate></item>
<item><title>&lt;b&gt;Acme&lt;/b&gt; misses estimates</title><link>https://example.org/1</link>
  <pubDate>Mon, 02 Mar 2026 09:00:00 -0500</pubDate></item>
<item><title> </title></item></channel></rss>"""

ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>
<entry><title>IBM wins contract</title><id>urn:1</id><updated>2026-03-02T14:00:00Z</updated></entry></feed>"""


class Site:
    """A server of feeds: ``answers`` are by path, each a status and a body; ``asked`` what came."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str]] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.url = ""


@contextmanager
def site() -> Iterator[Site]:
    state = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("If-None-Match")
            state.asked.append((self.path, known))
            status, body = state.answers.get(self.path, (404, ""))
            tag = f'"{len(body)}"'
            status = 304 if status == 200 and known == tag else status
            sent = b"" if status == 304 else body.encode()
            self.send_response(status)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def seen(found: list[News]) -> list[tuple[str, str, str]]:
    return [(news.symbol, f"{news.time:%H:%M}", news.title) for news in found]


def test_a_feed_of_one_symbol_gives_all_its_headlines_oldest_first() -> None:
    with site() as there:
        there.answers["/acme"] = 200, RSS
        found = Feed(f"{there.url}/acme", ["ACME"], lambda: NOW).fetch()
    assert seen(found) == [("ACME", "14:00", "Acme misses estimates"), ("ACME", "14:30", "AAPL & MSFT rise")]
    assert found[0].url == "https://example.org/1"
    assert len({news.id for news in found}) == 2


def test_a_feed_of_several_gives_a_headline_to_those_that_it_names() -> None:
    with site() as there:
        there.answers["/all"] = 200, RSS
        found = Feed(f"{there.url}/all", ["AAPL", "MSFT", "IBM"], lambda: NOW).fetch()
    assert seen(found) == [("AAPL", "14:30", "AAPL & MSFT rise"), ("MSFT", "14:30", "AAPL & MSFT rise")]
    assert found[0].id != found[1].id


def test_a_place_for_the_symbol_asks_for_each_and_atom_is_read_too() -> None:
    with site() as there:
        there.answers |= {"/x?s=IBM": (200, ATOM), "/x?s=AAPL": (200, RSS)}
        both = feeds(f"{there.url}/x?s={{symbol}}", ["IBM", "AAPL"], lambda: NOW)
        found = [each for feed in both for each in feed.fetch()]
        assert both[1].fetch() == [], "asked again, the site says that nothing is new"
        (other,) = feeds(f"{there.url}/x?s={{symbol}}", ["M&M"], lambda: NOW)
        with pytest.raises(SourceError, match=r"/x\?s=M%26M: 127.0.0.1 answers 404"):
            other.fetch()
    assert ("IBM", "14:00", "IBM wins contract") in seen(found)
    assert len(found) == 3
    assert there.asked[2][1] is not None
    assert there.asked[3][0] == "/x?s=M%26M"


def test_an_entry_without_words_or_without_a_time_does_not_end_a_feed() -> None:
    entries = "".join(
        f"<entry><title type='html'>{title}</title><id>{place}</id><updated>{time}</updated></entry>"
        for place, (title, time) in enumerate(
            [
                ("&lt;b&gt;&lt;/b&gt;", "2026-03-02T14:00:00Z"),
                ("&amp;nbsp;", "2026-03-02T14:00:00Z"),
                ("Acme soars", ""),
            ]
        )
    )
    with site() as there:
        there.answers["/a"] = 200, f'<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>{entries}</feed>'
        assert seen(Feed(f"{there.url}/a", ["ACME"], lambda: NOW).fetch()) == [("ACME", "15:00", "Acme soars")]
    assert news_of("ACME", {"content": {"title": "<b></b>", "pubDate": "2026-03-02T14:00:00Z"}}) is None


def test_what_could_not_be_read_is_asked_for_once_more_whole() -> None:
    with site() as there:
        there.answers["/a"] = 200, "<html>down for a while"
        feed = Feed(f"{there.url}/a", ["ACME"], lambda: NOW)
        for _ in range(2):
            with pytest.raises(SourceError):
                feed.fetch()
        assert [mark for _, mark in there.asked] == [None, None]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, "", SourceError),
        (429, "", RateLimited),
        (503, "", Unavailable),
        (200, "<html>no feed", SourceError),
    ],
)
def test_what_a_site_answers_otherwise(status: int, body: str, error: type[Exception]) -> None:
    with site() as there:
        there.answers["/"] = status, body
        with pytest.raises(error):
            Feed(f"{there.url}/", ["AAPL"], lambda: NOW).fetch()
    with pytest.raises(Unavailable, match="cannot be reached"):
        Feed(f"{there.url}/", ["AAPL"], lambda: NOW).fetch()


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(SourceError, match="is not the address of a feed"):
        Feed("file:///etc/passwd", ["AAPL"], lambda: NOW)


def test_yahoos_articles_as_yfinance_gives_them() -> None:
    article = {
        "id": "abc",
        "content": {
            "title": "Acme beats",
            "pubDate": "2026-03-02T14:00:00Z",
            "provider": {"displayName": "Wire"},
            "canonicalUrl": {"url": "https://example.org/a"},
        },
    }
    news = news_of("ACME", article)
    assert news == headline(
        "ACME", NOW.replace(hour=14), "Acme beats", source="Wire", url="https://example.org/a", identity="abc"
    )
    for wrong in ({}, {"content": None}, {"content": {"title": "x"}}, {"content": {"title": "x", "pubDate": "now"}}):
        assert news_of("ACME", wrong) is None


def test_posts_are_json_or_bare_words_and_wrong_ones_are_told_by_line() -> None:
    lines = [
        b'{"title": "Acme soars", "time": "2026-03-02T14:00:00Z", "symbol": "AAPL", "id": 7, "source": "me"}',
        b"MSFT slides",
        b"",
        b"nothing of either",
        b'{"time": "2026-03-02T14:00:00Z"}',
        b'{"title": ',
        b"\xff",
        b'{"text": "IBM", "symbol": "IBM"}',
    ]
    found = list(posts([*enumerate(lines, 1), None], ["AAPL", "MSFT"], lambda: NOW))
    good = [each for each in found if isinstance(each, News)]
    assert seen(good) == [("AAPL", "14:00", "Acme soars"), ("MSFT", "15:00", "MSFT slides")]
    assert good[0].source == "me"
    assert [each.line for each in found if isinstance(each, BadRow)] == [5, 6, 7]
    assert found[-1] is None


def test_the_same_headline_has_the_same_id_at_one_symbol() -> None:
    first = headline("AAPL", NOW, "Acme\n soars", source="a", url="https://x")
    assert first.id == headline("AAPL", NOW.replace(hour=1), "Acme soars!", source="b", url="https://x").id
    assert first.id != headline("MSFT", NOW, "Acme soars", source="a", url="https://x").id
    with pytest.raises(ValueError, match="no words"):
        headline("AAPL", NOW, "<b></b>", source="a")
