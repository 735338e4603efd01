"""The pictures of returns: they show the computed values, and leave no traces."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stockstream.charts.report.returns import correlation, distribution, diverging
from stockstream.charts.theme import THEMES, Theme, light
from stockstream.records import SIMULATED, Bar
from stockstream.views.dashboard import DashboardFold
from stockstream.views.fold import Selection
from stockstream.views.returns import ReturnDistribution, beyond, reach
from tests.charts.test_theme import SIGHT, apart, contrast
from tests.views.bars import bar, walk


def spread_of(*bars: Bar) -> ReturnDistribution:
    fold = DashboardFold(Selection())
    fold.apply(bars)
    (group,) = fold.groups()
    return fold.returns(group)


def drawn(figure: Figure) -> Axes:
    """A figure's first axes, after it was drawn once."""
    FigureCanvasAgg(figure).draw()
    return figure.axes[0]


def labels(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


THREE = spread_of(*walk(300, 1, "AAPL"), *walk(300, 2, "BRK$A$B"), *walk(300, 3, "MSFT"))


def test_a_row_is_the_letter_values_of_a_symbol_in_percent() -> None:
    axes: Any = drawn(distribution(THREE, light()))
    assert labels(axes) == ["AAPL", "BRK$A$B", "MSFT"]
    medians = [line for line in axes.lines if line.get_color() == light().text]
    for row, (values, median) in enumerate(zip(THREE.returns.values(), medians, strict=True)):
        low, middle, high = 100 * np.quantile(values, (0.25, 0.5, 0.75))
        np.testing.assert_allclose(median.get_xdata(), middle)
        np.testing.assert_allclose(np.mean(median.get_ydata()), row)
        boxes = [path.get_extents() for path in axes.collections[2 * row].get_paths()]
        widest = max(boxes, key=lambda box: box.height)
        assert (widest.x0, widest.x1) == pytest.approx((low, high))


def test_no_return_is_lost_it_is_in_view_or_counted_at_an_edge() -> None:
    bars = walk(300, 1, "AAPL")
    for place, close in ((40, 900.0), (80, 1.0), (120, 1.0), (121, 1.0)):
        bars[place] = bar(place, close)
    spread = spread_of(*bars, *walk(300, 2, "MSFT"))
    axes = drawn(distribution(spread, light()))
    edge = reach(spread.returns.values())
    below, above = beyond(spread.returns["AAPL"], edge)
    assert (below, above) == (3, 3)
    counts = [(text.get_text(), text.get_position()[1]) for text in axes.texts]
    assert [row for _, row in counts if row == 0] == [0, 0]
    assert {text for text, row in counts if row == 0} == {f"‹ {below}", f"{above} ›"}
    low, high = axes.get_xlim()
    assert low < -100 * edge < 100 * edge < high < 130 * edge
    highest = max(box.x1 for each in axes.collections for box in [path.get_extents() for path in each.get_paths()])
    assert highest < 100 * np.log(900)


def test_a_cell_is_a_correlation() -> None:
    found = THREE.correlation.values
    axes = drawn(correlation(THREE, light()))
    assert labels(axes) == ["AAPL", "BRK$A$B", "MSFT"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["AAPL", "BRK$A$B", "MSFT"]
    cells = {(round(y - 0.5), round(x - 0.5)): text.get_text() for text in axes.texts for x, y in [text.get_position()]}
    assert {place: f"{found[place]:.2f}".replace("-0.00", "0.00") for place in cells} == cells
    assert sorted(cells) == [(row, column) for row in range(3) for column in range(3) if row != column]
    shown: Any = axes.collections[0]
    assert shown.get_clim() == (-1.0, 1.0)
    colors = shown.get_facecolor()
    assert to_hex(colors[1]) == to_hex(diverging(light())((1 + round(found[0, 1], 2)) / 2))


def test_next_to_nothing_has_no_sign() -> None:
    values = np.array([[1.0, -0.001], [-0.001, 1.0]])
    found = replace(THREE.correlation, symbols=("A", "B"), values=values)
    axes = drawn(correlation(replace(THREE, correlation=found), light()))
    assert [text.get_text() for text in axes.texts] == ["0.00", "0.00"]


def test_what_is_not_known_is_no_cell() -> None:
    spread = spread_of(*walk(60, 1, "A")[:30], *walk(60, 2, "B"), *walk(60, 3, "C")[25:], *walk(4, 1, "D"))
    axes = drawn(correlation(spread, light()))
    assert labels(axes) == ["A", "B", "C"]
    assert len(axes.texts) == 4


@pytest.mark.parametrize("name", ["<b>", "$x^", "_hidden", "A%", "^GSPC", "EURUSD=X", "a\\b"])
def test_any_name_is_shown_as_it_is(name: str) -> None:
    spread = spread_of(*walk(60, 1, name), *walk(60, 2, f"{name}$"))
    for draw in (distribution, correlation):
        axes = drawn(draw(spread, light()))
        assert labels(axes) == [name, f"{name}$"]
        named = [*axes.get_yticklabels(), *(axes.get_xticklabels() if draw is correlation else [])]
        assert not any(label.get_parse_math() for label in named)


@pytest.mark.parametrize(
    "bars",
    [
        walk(2),
        walk(3),
        [bar(minute, 5.0) for minute in range(50)],
        [bar(minute, 5.0 + (minute == 30)) for minute in range(50)],
        [bar(minute, 5.0 * 1.5**minute) for minute in range(30)],
        [each for number in range(16) for each in walk(30, number, f"A-LONG-NAME-{number}.XETRA")],
        [each for number in range(4) for each in walk(30, number, f"{number}-{'A-LONGER-NAME' * 3}.XETRA")],
    ],
)
def test_little_or_much_is_drawn(bars: list[Bar]) -> None:
    spread = spread_of(*bars)
    assert labels(drawn(distribution(spread, light()))) == list(spread.returns)
    if len(spread.returns) > 1:
        assert labels(drawn(correlation(spread, light()))) == list(spread.returns)


def words(axes: Axes) -> str:
    return axes.get_title("left") + axes.get_title("right")


def test_simulated_returns_say_so() -> None:
    made_up = replace(THREE, feed=SIMULATED)
    for draw in (distribution, correlation):
        assert "SIMULATED" in words(draw(made_up, light()).axes[0])
        assert "SIMULATED" not in words(draw(THREE, light()).axes[0])


@pytest.mark.parametrize("view_context", SIGHT)
@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_falling_together_and_apart_differ_whatever_colours_somebody_sees(theme: Theme, view_context: str) -> None:
    shades = diverging(theme)
    for share, least in ((1.0, 30), (0.5, 15), (0.25, 7)):
        pair = to_hex(shades((1 - share) / 2)), to_hex(shades((1 + share) / 2))
        assert apart(pair, view_context) >= least
        assert apart((theme.background, *pair), view_context) >= min(least, 6)


def test_numbers_can_be_read_on_every_colour() -> None:
    theme = light()
    shades = diverging(theme)
    values: NDArray[np.float64] = np.linspace(0, 1, 41)
    assert min(contrast(theme.text, to_hex(shades(value))) for value in values.tolist()) >= 4.5


def test_seaborn_leaves_matplotlib_s_settings_alone() -> None:
    code = """
import matplotlib
before = dict(matplotlib.rcParams)
from tests.charts.report.test_returns import THREE, correlation, distribution, drawn, light
for draw in (distribution, correlation):
    drawn(draw(THREE, light()))
print([name for name in before if before[name] != matplotlib.rcParams[name]])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_no_window_loads_seaborn() -> None:
    code = """
import sys
import stockstream.cli.watch.session, stockstream.cli.report, stockstream.consumers.registry
import stockstream.charts.window.window, stockstream.charts.window.picture
import stockstream.charts.dashboard.dashboard_window
print([name for name in ("seaborn", "stockstream.charts.report.returns") if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
