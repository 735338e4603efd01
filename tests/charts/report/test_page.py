"""The page of a dashboard: complete, self-contained, and with its part on returns."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from stockstream.charts.report.page import page
from stockstream.consumers.dashboard import TILES
from stockstream.records import SIMULATED, Bar
from stockstream.views.dashboard import DashboardFold, sections
from stockstream.views.fold import Selection
from stockstream.views.returns import MOST
from tests.views.bars import bar, walk


class Reader(HTMLParser):
    """What stands in a page: its tables' cells, its pictures, and its other words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.images: list[tuple[str, str]] = []
        self.words = ""
        self.open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open = tag
        found = dict(attrs)
        if tag == "img":
            self.images.append((found["alt"] or "", found["src"] or ""))
        assert tag not in ("script", "link")

    def handle_data(self, data: str) -> None:
        if self.open == "td":
            self.cells.append(data)
            self.open = ""
        elif self.open != "style":
            self.words += data + " "


def read(*bars: Bar, title: str = "Stocks") -> Reader:
    fold = DashboardFold(Selection())
    fold.apply(bars)
    fold.refresh()
    text = page(title, "about <i>", sections(fold), TILES)
    assert f"<title>{title.replace('<&>', '&lt;&amp;&gt;')}</title>" in text
    assert not re.search(r"https?://", text)
    return Reader(text)


BOTH = ["Log returns", "Correlation of returns"]


def pictures(reader: Reader) -> list[str]:
    """The names of the pictures that are of returns."""
    return [name for name, _ in reader.images if name in BOTH]


def test_it_holds_everything_within_it() -> None:
    reader = read(*walk(300), *walk(300, 1, "MSFT"), *walk(300, 2, "<b>"), title="Stocks <&>")
    assert all(image.startswith("data:image/png;base64,iVBOR") for _, image in reader.images)
    assert [name for name, _ in reader.images] == ["Volume", "Share of volatility", "Highest", "Latest", *BOTH]
    assert reader.cells.count("<b>") == reader.cells.count("AAPL") > 100
    assert "about <i>" in reader.words


def test_it_names_the_sources() -> None:
    assert "1 symbol, the newest bars from csv " in read(*walk(30)).words
    assert "the newest bars from binance, csv" in read(*walk(30), bar(0, 5.0, "MSFT", source="binance")).words
    assert "newest bars" not in read(bar(0, 5.0, feed=SIMULATED)).words


def test_it_says_what_was_made_up_only_of_that() -> None:
    plain = read(*walk(30)).words
    assert "imulated" not in plain
    assert "SIMULATED" not in plain
    reader = read(*walk(30, 1, "AAPL"), *(bar(place, 5.0 + place % 3, "MSFT", feed=SIMULATED) for place in range(30)))
    assert "Bars of 1m" in reader.words
    assert "Simulated bars of 1m" in reader.words


def test_what_another_program_calls_its_feed_is_no_markup() -> None:
    assert "Bars of 1m from <i>" in read(bar(0, 5.0, feed="<i>")).words


def test_returns_have_two_pictures_and_a_row_each() -> None:
    reader = read(*walk(101), *walk(101, 2, "MSFT"))
    assert pictures(reader) == BOTH
    assert reader.cells[0::9][:2] == ["AAPL", "MSFT"]
    assert reader.cells[1:3] == ["101", "100"]
    assert "All 200 returns are in view." in reader.words
    assert "100 a pair." in reader.words
    assert "Left out" not in reader.words
    assert "highest volume" not in reader.words


def test_it_says_how_many_returns_are_out_of_view() -> None:
    bars = walk(101)
    bars[50] = bar(50, 5000.0)
    assert re.search(r"2 of 100 returns lie beyond ±[\d.]+%", read(*bars).words)


@pytest.mark.parametrize(
    ("bars", "names", "said"),
    [
        (walk(1), [], "There are no returns: no two bars follow each other yet."),
        (walk(2), BOTH[:1], "it takes two symbols that have returns"),
        ([*walk(100), *walk(1, 2, "MSFT")], BOTH[:1], "it takes two symbols that have returns"),
        ([*walk(100), *walk(20, 2, "MSFT")], BOTH[:1], "it takes 20 returns that two symbols have in common"),
        ([*walk(100), *walk(20, 2, "MSFT")], BOTH[:1], "there are 19 at most"),
        ([bar(m, 5.0, name) for name in "AB" for m in range(99)], BOTH[:1], "prices did not vary"),
        ([*walk(99), *walk(99, 2, "B"), *walk(5, 3, "C")], BOTH, "Left out are C: fewer than 20 in common"),
    ],
)
def test_it_says_why_there_is_no_correlation(bars: list[Bar], names: list[str], said: str) -> None:
    reader = read(*bars)
    assert pictures(reader) == names
    assert said in reader.words


def test_it_says_which_correlations_are_not_known() -> None:
    """A goes with B, and B with C, but A and C were not there at the same time."""
    first, whole, last = walk(60, 1, "A")[:30], walk(60, 2, "B"), walk(60, 3, "C")[25:]
    reader = read(*first, *whole, *last)
    assert pictures(reader) == BOTH
    assert "29 to 34 a pair. Grey: fewer than 20 in common" in reader.words


def test_of_hundreds_of_symbols_it_shows_the_busiest_and_says_so() -> None:
    symbols = [f"S{number:03}" for number in range(200)]
    reader = read(*(each for symbol in symbols for each in walk(3, 1, symbol)))
    assert f"Shown are the {MOST} of 200 symbols with the highest volume." in reader.words
    assert reader.cells[0 : 9 * 200 : 9] == symbols


def test_each_interval_and_feed_has_a_section_of_its_own() -> None:
    daily = [bar(1440 * day, 50.0 + day % 7, "AAPL", interval="1d") for day in range(40)]
    made_up = [bar(place, 5.0 + place % 3, "FAKE", feed=SIMULATED) for place in range(30)]
    reader = read(*walk(60), *walk(60, 2, "MSFT"), *daily, *made_up)
    assert [name for name, _ in reader.images].count("Volume") == 3
    heads = ["Bars of 1m", "Bars of 1d", "Simulated bars of 1m"]
    places = [reader.words.index(head) for head in heads]
    assert places == sorted(places)
    assert reader.words.count("SIMULATED") == 1
    assert reader.words.index("SIMULATED") > places[2]


def test_of_many_symbols_the_pictures_show_the_largest_and_the_tables_all() -> None:
    symbols = [f"S{number:03}" for number in range(40)]
    reader = read(*(each for place, symbol in enumerate(symbols) for each in walk(3 + place % 2, 1, symbol)))
    assert "40 symbols, the newest bars from csv; the pictures show 1 to 12 of 40 by volume" in reader.words
    assert set(symbols) <= set(reader.cells)
