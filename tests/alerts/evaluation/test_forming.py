"""Rules on forming bars: told once, with their bands, whatever the bar becomes and however the bars are divided."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from stockstream.alerts.evaluation.engine import Engine
from stockstream.alerts.rule import Rule
from stockstream.records import Alert, Bar
from stockstream.views.bar_batch import gather
from tests.alerts.evaluation.test_clock import NOW, shown
from tests.views.bars import bar


def minutes(*pairs: tuple[float, float]) -> list[Bar]:
    """Bars of a minute, each first with a forming close, then with its final one."""
    found = []
    for minute, (forming, final) in enumerate(pairs):
        found += [bar(minute, forming, final=False), bar(minute, final)]
    return found


def singly(text: str, arriving: Sequence[Bar], *, restarts: bool = False) -> list[Alert]:
    rules = [Rule.of("rule", text)]
    engine, found = Engine(rules), list[Alert]()
    for each in arriving:
        found += engine.take(gather([each]), NOW)
        if restarts:
            pages = {name: page for name, page in engine.pages().items() if page is not None}
            engine = Engine(rules)
            engine.restore(pages)
    return found


PEAKS = minutes((170.0, 170.0), *[(181.0, 179.9)] * 5)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("close > 180 on forming once", [1]),
        ("close > 180 on forming cooldown 3m", [1, 4]),
        ("close > 180 on forming band 2%", [1]),
        ("close crosses 180 on forming band 2%", [1]),
        ("close crosses above 180 on forming once", [1]),
        ("close crosses above 180 and volume > 0 on forming band 2%", [1]),
        ("close > 180 on forming", [1, 2, 3, 4, 5]),
        ("close crosses above 180 on forming", [1, 2, 3, 4, 5]),
    ],
)
def test_clauses_heed_what_was_told_of_at_forming_bars(text: str, expected: list[int], *, restarts: bool) -> None:
    found = singly(text, PEAKS, restarts=restarts)
    assert [(minute, state) for minute, _, state in shown(found)] == [(each, "raised") for each in expected]


def test_a_band_ends_where_the_price_was_beyond_it() -> None:
    arriving = minutes((170.0, 170.0), (181.0, 179.9), (180.1, 176.0), (181.0, 179.9), (181.0, 181.0))
    for text in ("close > 180 on forming band 2%", "close crosses above 180 on forming band 2%"):
        assert [minute for minute, _, _ in shown(singly(text, arriving))] == [1, 3]


def test_a_correction_of_an_older_bar_leaves_what_was_told_of() -> None:
    corrected = [*PEAKS, bar(0, 171.0), bar(6, 181.0, final=False)]
    for text in ("close > 180 on forming once", "close crosses 180 on forming band 2%"):
        assert [minute for minute, _, _ in shown(singly(text, corrected))] == [1]


@pytest.mark.parametrize("size", [1, 7, 40])
def test_longer_forming_bars_do_not_depend_on_batches(size: int) -> None:
    arriving = [bar(minute, 181.0 if minute == 20 else 170.0) for minute in range(40)]
    engine = Engine([Rule.of("rule", "close > 180 interval 15m on forming")])
    found = [
        alert
        for start in range(0, len(arriving), size)
        for alert in engine.take(gather(arriving[start : start + size]), NOW)
    ]
    assert shown(found) == [(15, "above", "raised")]


def test_a_doubtful_bar_leaves_the_dead_band_of_a_crossing() -> None:
    doubtful = bar(2, 500.0, flags=("impossible:close",))
    arriving = [bar(0, 170.0), bar(1, 181.0), doubtful, bar(3, 179.9), bar(4, 180.1), bar(5, 176.0), bar(6, 181.0)]
    assert shown(singly("close crosses above 180 band 2%", arriving)) == [
        (1, "above", "raised"),
        (6, "above", "raised"),
    ]
