"""All readers of `stocks` survive any record that the decoder accepts: windows, tables, the report, `read`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stockstream.charts.report.page import page
from stockstream.cli.series import _json_of_series, _table_of_series
from stockstream.codec import Unreadable, encode
from stockstream.consumers.read import _latest, _table
from stockstream.consumers.registry import STUDIES, VIEWS
from stockstream.records import Bar, Series
from stockstream.topics import STOCKS
from stockstream.views.bar_batch import gather
from stockstream.views.dashboard import sections, tabled
from stockstream.views.fold import Selection
from stockstream.views.frame import table
from stockstream.views.study import Part, chart
from stockstream.views.view import View
from tests.charts.fake_model import FakeModel
from tests.charts.stage import Stage
from tests.views.bars import restorable, walk

# A letter that no font here has is drawn as a box, and reported.
pytestmark = pytest.mark.filterwarnings("ignore:Glyph")

START = datetime(2026, 3, 19, 13, 30, tzinfo=UTC)
ODD_TIMES = [
    "1900-01-01T00:00:00Z",
    "2261-12-31T23:59:59.999999Z",
    "1969-12-31T23:59:59.999999Z",
    "2026-03-08T02:30:00-05:00",
    "2026-03-19T13:30:00.000001Z",
]
ODD_NUMBERS = [0.0, -0.0, 1e100, -1e100, 5e-324, 1e-308, -37.63, 1e99, 92233720368547758080, 1e16]
PRICES = st.sampled_from(ODD_NUMBERS) | st.floats(-1e100, 1e100) | st.floats(1, 200)
TIMES = st.integers(0, 3_000).map(lambda minute: (START + timedelta(minutes=minute)).isoformat()) | st.sampled_from(
    ODD_TIMES
)
SYMBOLS = st.sampled_from(["A", "A", "A", "", "$x_{1}$", "\x00", "\n", "x" * 1_000, "<b>", "日本", "../a", "A B"])
ZONES = st.sampled_from([None, "America/New_York", "Mars/Olympus", "localtime", "Etc/GMT+12", "Australia/Lord_Howe"])


@st.composite
def foreign(draw: st.DrawFn) -> list[bytes]:
    """Bars as other programs may write them: one kind of series, now and then another."""
    interval = draw(st.sampled_from(["1m", "3m", "7h", "36h", "1d", "2d", "2wk", "3mo", "100y", "52560000m"]))
    symbol, zone = draw(SYMBOLS), draw(ZONES)
    own = st.fixed_dictionaries(
        {
            "symbol": st.just(symbol) | st.just(symbol) | SYMBOLS,
            "interval": st.just(interval),
            "time": TIMES,
            "open": PRICES,
            "high": PRICES,
            "low": PRICES,
            "close": PRICES,
            "volume": PRICES | st.none(),
            "source": st.just("x") | SYMBOLS,
        },
        optional={
            "tz": ZONES | st.just(zone),
            "currency": st.sampled_from([None, "USD", "$", "x" * 500]),
            "final": st.booleans(),
            "flags": st.lists(st.sampled_from(["impossible", "off-grid", "x", "impossible:open", "impossible:"])),
            "feed": st.sampled_from(["market", "simulated", "", "other"]),
            "adj_close": PRICES | st.none(),
            "revision": st.integers(0, 2**63 - 1),
        },
    )
    return [json.dumps(each).encode() for each in draw(st.lists(own, min_size=1, max_size=40))]


def read(values: list[bytes]) -> list[Bar]:
    """As a subscriber does: what is none is left out."""
    decoder = STOCKS.decoder()
    bars = []
    for value in values:
        try:
            bars.append(decoder(value))
        except Unreadable:
            continue
    return bars


def taken(view: View[Any], bars: list[Bar], resample: str | None = None) -> Any:
    """A fold that was asked for all that it has, now and then, and whose state was restored by another."""
    parameters = defaults(view)
    fold: Any = view.fold(Selection(resample=resample), parameters)
    for start in range(0, len(bars), 15):
        fold.apply(gather(bars[start : start + 15]))
        for key in fold.keys():
            fold.frame(key)
    assert (fold.latest() is None) == (not fold.keys())
    assert all(count > 0 for count in fold.counts().values())
    assert list(table([("symbol", key, fold.frame(key)) for key in fold.keys()])) or not fold.keys()
    again = view.fold(Selection(resample=resample), parameters)
    again.restore(restorable(fold.pages()))
    assert again.keys() == fold.keys()
    return fold


def defaults(view: View[Any]) -> dict[str, Any]:
    return {each.name: each.default for each in view.parameters}


def examples(count: int) -> settings:
    return settings(max_examples=count, deadline=None, suppress_health_check=[HealthCheck.too_slow])


often, seldom = examples(15), examples(5)


def every_view(values: list[bytes]) -> None:
    bars = read(values)
    for view in VIEWS.values():
        if view.topic is STOCKS:
            taken(view, bars)


@given(values=foreign(), resample=st.sampled_from(["5m", "6m", "24h", "1d", "3d", "2wk", "3mo", "100y"]))
@often
def test_they_are_resampled(values: list[bytes], resample: str) -> None:
    taken(VIEWS["bollinger"], read(values), resample)


def window_of_all_studies(values: list[bytes]) -> None:
    view = chart([Part(study, {each.name: each.default for each in study.parameters}) for study in STUDIES.values()])
    fold = taken(view, read(values))
    stage = Stage(FakeModel(view, fold, {}), size=(12.0, 20.0))
    stage.show()


def report(values: list[bytes]) -> None:
    view = VIEWS["dashboard"]
    fold = tabled(taken(view, read(values)))
    fold.refresh()
    assert page("title", "about", sections(fold), view.tiles).endswith("</html>\n")


def test_a_page_has_room_for_its_pictures_whatever_a_symbol_is_called() -> None:
    names = ("x" * 600, "y" * 300)
    report([encode(each) for seed, name in enumerate(names) for each in walk(40, seed, name)])


def tables_of_read_and_series(values: list[bytes]) -> None:
    bars = read(values)
    found: dict[Series, set[datetime]] = {}
    for each in bars:
        found.setdefault(Series(each.symbol, each.interval, each.feed), set()).add(each.time)
    frame = _latest(_table(bars, Bar, {}))
    assert len(frame) == sum(map(len, found.values()))
    if bars:
        last = bars[-1]
        mine = frame[(frame["symbol"] == last.symbol) & (frame["time"] == last.time) & (frame["feed"] == last.feed)]
        assert mine["close"].tolist() == [last.close]
    assert len(json.loads(_json_of_series(found))) == len(found)
    assert not found or len(_table_of_series(found).splitlines()) == len(found) + 1


DRAWN = (window_of_all_studies, report)
"""Half a second an example."""

CHECKS = {check.__name__: check for check in (every_view, window_of_all_studies, report, tables_of_read_and_series)}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("check", CHECKS)
def test_it_survives_them(check: str) -> None:
    usual = seldom if CHECKS[check] in DRAWN else often
    usual(given(values=foreign())(CHECKS[check]))()


@pytest.mark.thorough
@pytest.mark.timeout(900)
@pytest.mark.parametrize("check", CHECKS)
def test_it_survives_many_more(check: str) -> None:
    examples(150)(given(values=foreign())(CHECKS[check]))()
