"""One declaration makes a window and a part of a chart, and both show the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stockstream.indicators import OBV, RSI, SMA, Bollinger
from stockstream.views.fold import Selection
from stockstream.views.marks import Band, Candles, Line, Panel, Readout
from stockstream.views.study import Part, Study, chart
from tests.views.bars import walk

AVERAGE = Study("sma", "SMA", SMA, over=(Line("sma", label="average"),), readouts=(Readout("sma", "SMA", ",.2f"),))
BANDS = Study(
    "bollinger",
    "Bands",
    Bollinger,
    over=(Band("lower", "upper", label="bands"), Line("middle", label="middle"), Line("upper", label="top", color=1)),
)
STRENGTH = Study(
    "rsi", "RSI", RSI, panels=(Panel((Line("rsi"),), ylabel="RSI", readouts=(Readout("rsi", "RSI", "g"),)),)
)


def lines(panel: Panel) -> list[tuple[str, str | None, int]]:
    return [(mark.column, mark.label, mark.color) for mark in panel.marks if isinstance(mark, Line)]


def test_a_window_of_its_own_names_the_fields_and_shows_the_prices() -> None:
    view = AVERAGE.view()
    (panel,) = view.panels
    assert (view.name, view.title) == ("sma", "SMA ({period})")
    assert view.help == "The simple moving average of the closes of the last period bars."
    assert lines(panel) == [("sma", "average", 2)]
    assert panel.marks[-1] == Candles()
    assert [readout.label for readout in panel.readouts] == ["SMA"]
    assert [each.name for each in view.parameters] == ["period"]


def test_prices_may_be_left_out_and_others_stand_beneath() -> None:
    volume = Study("volume", "Volume", None, panels=(Panel((), ylabel="volume"),))
    alone = Study("rsi", "RSI", RSI, panels=STRENGTH.panels, prices=False, beneath=(volume,))
    assert [panel.ylabel for panel in alone.view().panels] == ["RSI", "volume"]
    with pytest.raises(ValueError, match="volume has no window of its own"):
        volume.view()


def test_studies_of_one_kind_have_their_own_columns_labels_and_colours() -> None:
    prices, first, second = chart(
        [
            Part(AVERAGE, {"period": 5}),
            Part(STRENGTH, {"period": 3}),
            Part(AVERAGE, {"period": 9}),
            Part(STRENGTH, {"period": 7}),
        ]
    ).panels
    assert lines(prices) == [("sma_5", "SMA (5)", 2), ("sma_9", "SMA (9)", 1)]
    assert [readout.label for readout in prices.readouts] == ["SMA (5)", "SMA (9)"]
    assert [(panel.title, panel.ylabel, lines(panel)) for panel in (first, second)] == [
        ("RSI (3)", "", [("rsi_3", None, 0)]),
        ("RSI (7)", "", [("rsi_7", None, 0)]),
    ]


def test_marks_of_one_colour_have_one_label_in_a_chart() -> None:
    (prices,) = chart([Part(BANDS, {"period": 5, "width": 2.0}), Part(AVERAGE, {"period": 5})]).panels
    band = prices.marks[0]
    assert band == Band("bollinger_lower", "bollinger_upper", label="Bands (5, 2) bands", color=2)
    assert lines(prices) == [
        ("bollinger_middle", None, 2),
        ("bollinger_upper", "Bands (5, 2) top", 1),
        ("sma", "SMA (5)", 4),
    ]


def test_a_chart_holds_what_each_window_holds() -> None:
    bars = walk(200)
    parts = [Part(BANDS, {"period": 5, "width": 2.5}), Part(AVERAGE, {"period": 5}), Part(AVERAGE, {"period": 20})]
    fold = chart(parts).fold(Selection(), {})
    fold.apply(bars)
    frame = fold.frame("AAPL")
    columns = {"bollinger_lower": (parts[0], "lower"), "sma_5": (parts[1], "sma"), "sma_20": (parts[2], "sma")}
    for name, (part, own) in columns.items():
        alone = part.study.view().fold(Selection(), part.parameters)
        alone.apply(bars)
        np.testing.assert_array_equal(frame[name], alone.frame("AAPL")[own], err_msg=name)


def test_a_heading_shows_the_parameters_in_words() -> None:
    study = replace(BANDS, heading="Bands over {period} bars, {width:g} wide")
    assert study.view().title.format(period=50, width=2.0) == "Bands over 50 bars, 2 wide"
    assert Part(study, {"width": 2.5}).title == "Bands over 20 bars, 2.5 wide"


def test_the_same_twice_and_wrong_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^SMA \(5\) is there twice$"):
        chart([Part(AVERAGE, {"period": 5}), Part(BANDS), Part(AVERAGE, {"period": 5})])
    with pytest.raises(ValueError, match=r"^sma: period is a whole number of at least 1, not 0$"):
        chart([Part(AVERAGE, {"period": 0})])


def test_an_indicator_of_which_nothing_is_said_has_a_line_a_field() -> None:
    plain = Study.plain(Bollinger)
    (panel,) = plain.panels
    assert lines(panel) == [(name, name.replace("_", " "), place) for place, name in enumerate(Bollinger.fields)]
    assert panel.readouts == ()
    (alone,) = Study.plain(OBV).panels
    assert lines(alone) == [("obv", None, 0)]
    assert alone.readouts == (Readout("obv", "obv"),)


def test_what_reads_volumes_says_that_it_needs_them() -> None:
    over = Study("obv", "OBV", OBV, over=(Line("obv"),))
    assert over.view().panels[0].needs == (("OBV", "volume"),)
    assert chart([Part(Study.plain(OBV))]).panels[1].needs == (("", "volume"),)
    assert chart([Part(AVERAGE, {"period": 5})]).panels[0].needs == ()
