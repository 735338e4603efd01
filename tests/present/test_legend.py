"""The caption of a panel for a row."""

from __future__ import annotations

import numpy as np

from stockstream.present.legend import Legend, LegendEntry, entries_of_keys, side_by_side
from stockstream.present.plot_data import Group, PlotData
from stockstream.views.frame import Frame
from stockstream.views.marks import Line, Panel, Readout
from tests.charts.fake_model import COUNTS, PRICES, bars

PRICE = PRICES.panels[0]


def tell(value: float) -> str:
    return f"{value:.1f}"


def data(rows: int = 40, **columns: object) -> PlotData:
    frame = bars(rows)
    changed = {name: np.asarray(column) for name, column in columns.items()}
    return PlotData("", "AAPL", Frame("time", {**frame.columns, **changed}), "America/New_York")


def test_marks_with_a_label_have_their_values_and_the_room_of_the_longest() -> None:
    shown = data(lower=np.full(40, 98.5), upper=np.full(40, 101.5), middle=np.full(40, 100.0))
    assert Legend(PRICE, first=True).entries(shown.frame, 39, tell, (90.0, 1_000.0)) == [
        LegendEntry("bands", 2, "band", value="98.5 to 101.5", room=2 * len("1000.0") + len(" to ")),
        LegendEntry("middle", 2, "line", dashed=True, value="100.0", room=len("1000.0")),
    ]


def test_a_value_that_is_zero_between_the_limits_needs_no_more_room() -> None:
    panel = Panel((Line("middle", label="MACD"),), ylabel="MACD", readouts=(Readout("middle", "MACD", ".3f"),))
    shown = data(middle=np.full(40, -0.000223))
    (near,) = Legend(panel, first=False).entries(shown.frame, 39, tell, (-0.25, 0.25))
    assert (near.value, near.room) == ("0.000", len("-0.250"))
    (small,) = Legend(panel, first=False).entries(shown.frame, 39, tell, (-0.0004, 0.0004))
    assert small.value == "-0.000223"


def test_without_a_row_there_are_labels_only() -> None:
    entries = Legend(PRICE, first=True).entries(data().frame, None, tell, (90.0, 110.0))
    assert [(entry.label, entry.value, entry.room) for entry in entries] == [("bands", "", 0), ("middle", "", 0)]


def test_the_uppermost_panel_says_time_prices_and_volume_too() -> None:
    shown = data(volume=np.full(40, 12_345.0), close=np.full(40, 101.25), percent_b=np.full(40, 0.5))
    parts = Legend(PRICE, first=True).parts(shown, 39, tell)
    assert parts[0] == shown.moment(39)
    assert parts[4:6] == ["C 101.25", "V 12,345"]
    assert parts[6] == "%B 0.50"
    other = Legend(PRICE, first=False).parts(shown, 39, tell)
    assert other[:2] == ["close 101.25", "%B 0.50"]


def test_what_is_odd_about_a_row_is_said() -> None:
    last = np.arange(40) == 39
    shown = data(final=~last, doubtful=last, gap=last)
    assert Legend(PRICE, first=True).parts(shown, 39, tell)[0].endswith(" (forming, doubtful, after a gap)")
    assert "(" not in Legend(PRICE, first=True).parts(shown, 38, tell)[0]


GROUPS = (Group("AA", "American", 1_234.0), Group("DL", "Delta", 5.0))


def test_keys_have_their_totals_unless_there_are_more_than_colours() -> None:
    first, second = entries_of_keys(GROUPS, {"AA": 0, "DL": 1}, colors=8, lines=True)
    assert (first.label, first.color, first.sample, first.shorter) == ("American 1,234", 0, "key", ("AA 1,234", "AA"))
    assert second.color == 1
    (first, _) = entries_of_keys(GROUPS, {"AA": 0, "DL": 1}, colors=1, lines=False)
    assert (first.label, first.sample, first.shorter) == ("AA", "column", ("AA",))


def test_a_row_of_several_keys_says_all_of_them_or_one() -> None:
    days = np.arange("2015-01-01", "2015-01-03", dtype="M8[D]")
    frame = Frame("day", {"day": days, "flights AA": np.array([1.0, 2.0]), "flights DL": np.array([3.0, np.nan])})
    shown = PlotData("", "", frame, groups=GROUPS)
    assert side_by_side(COUNTS.panels[0], shown, 1, None)[1:] == ["American 2", "Delta -"]
    assert side_by_side(COUNTS.panels[0], shown, 0, "flights DL")[1:] == ["Delta 3"]
