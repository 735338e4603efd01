"""Contract of every window and every study; those of a new indicator are covered automatically."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import msgspec
import numpy as np
import pytest

from stockstream.charts.theme import THEMES
from stockstream.consumers.registry import STUDIES, VIEWS
from stockstream.indicators.catalog import catalog, of_bars
from stockstream.views.fold import Selection
from stockstream.views.frame import Frame, table
from stockstream.views.marks import Candles, Groups, Panel
from stockstream.views.study import Part, Study, chart
from stockstream.views.view import View
from tests.charts.fake_model import FakeModel
from tests.charts.stage import Stage
from tests.views.bars import bar, walk

OF_BARS = {name: VIEWS[name] for name, study in STUDIES.items() if study.indicator is not None}
every_view = pytest.mark.parametrize("view", OF_BARS.values(), ids=lambda view: view.name)
every_study = pytest.mark.parametrize("study", STUDIES.values(), ids=lambda study: study.name)


def defaults(view: View[Any]) -> dict[str, Any]:
    return {each.name: each.default for each in view.parameters}


def part(study: Study) -> Part:
    return Part(study, {each.name: each.default for each in study.parameters})


def frame_of(view: View[Any], bars: list[Any]) -> Frame:
    fold = view.fold(Selection(), defaults(view))
    for start in range(0, len(bars), 70):
        fold.apply(bars[start : start + 70])
    return fold.frame("AAPL")


def named(panels: tuple[Panel, ...]) -> Iterator[str]:
    """The columns that marks and readouts name."""
    for panel in panels:
        yield from (readout.column for readout in panel.readouts)
        for mark in panel.marks:
            if isinstance(mark, Candles):
                yield from ("open", "high", "low", "close")
            elif not isinstance(mark, Groups):
                yield from (
                    getattr(mark, each.name) for each in fields(mark) if each.name in ("column", "lower", "upper")
                )


def model(view: View[Any], fold: Any, parameters: dict[str, Any]) -> FakeModel:
    return FakeModel(view, fold, parameters)


def drawn(view: View[Any], bars: list[Any]) -> Stage:
    fold = view.fold(Selection(), defaults(view))
    fold.apply(bars[:-3])
    stage = Stage(model(view, fold, defaults(view)), size=(10.0, 7.0))
    stage.show()
    fold.apply(bars[-3:])
    blitted = stage.show()
    assert np.array_equal(blitted, stage.drawn_anew())
    return stage


@every_view
def test_what_the_marks_name_is_in_the_frame_and_has_values(view: View[Any]) -> None:
    frame = frame_of(view, walk(300))
    for name in named(view.panels):
        assert np.isfinite(frame[name]).any(), name
    assert len(list(table([("symbol", "AAPL", frame)]))) == 301


@pytest.mark.parametrize("view", [view for view in VIEWS.values() if view.panels], ids=lambda view: view.name)
def test_it_opens_before_there_is_data(view: View[Any]) -> None:
    stage = Stage(model(view, view.fold(Selection(), defaults(view)), defaults(view)))
    shown = stage.show()
    assert stage.scene.message.words == f"no data yet in the topic {view.topic.name}"
    assert np.array_equal(shown, stage.drawn_anew())


@every_view
def test_it_is_drawn_and_brought_up_to_date(view: View[Any]) -> None:
    stage = drawn(view, walk(300))
    assert stage.scene.header.title.get_text().startswith("AAPL 1m - ")
    for panel in stage.scene.panels:
        assert panel.message.words == ""


@every_view
def test_another_theme_can_be_put_on_while_the_mouse_is_over_it(view: View[Any]) -> None:
    stage = drawn(view, walk(300))
    box = stage.scene.panels[-1].axes.bbox
    stage.scene.point(((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2))
    stage.scene.set_theme(THEMES["dark"])
    stage.scene.paint()
    assert np.array_equal(stage.pixels(), stage.drawn_anew())


@every_view
def test_too_few_bars_are_said_to_be(view: View[Any]) -> None:
    lookback = STUDIES[view.name].indicator(**defaults(view)).lookback  # type: ignore[misc]
    stage = drawn(view, walk(4))
    said = {panel.message.words for panel in stage.scene.panels if panel.spec.ylabel not in ("price", "volume")}
    assert said <= ({"not enough bars yet"} if lookback >= 4 else {""})


@every_view
def test_a_price_that_did_not_move_is_never_too_few_bars(view: View[Any]) -> None:
    flat = [bar(minute, 6.01, open=6.01, high=6.01, low=6.01, volume=0.0) for minute in range(200)]
    indicator = STUDIES[view.name].indicator(**defaults(view))  # type: ignore[misc]
    stage = drawn(view, flat)
    said = {panel.message.words for panel in stage.scene.panels} - {""}
    assert not any("not enough" in text for text in said)
    if view.name in ("stochastic", "cci", "williams_r"):
        assert f"undefined: {indicator.undefined}" in said
    if view.name == "vwap":
        assert any("no volume" in text for text in said)


@every_study
def test_each_can_be_a_part_of_a_chart_and_holds_there_what_its_window_holds(study: Study) -> None:
    view = chart([part(study)])
    bars = walk(300)
    frame = frame_of(view, bars)
    for name in named(view.panels):
        assert np.isfinite(frame[name]).any(), name
    drawn(view, bars)
    if study.indicator is not None:
        alone = frame_of(study.view(), bars)
        for field in study.indicator.fields:
            np.testing.assert_array_equal(frame[Part(study, label=study.name).column(field)], alone[field])


@every_study
def test_each_shows_every_field_or_says_it(study: Study) -> None:
    """A field that is neither drawn nor read out would be computed for nobody but ``--values``."""
    if study.indicator is None:
        return
    assert set(study.indicator.fields) <= set(named(study.view().panels))


@every_study
def test_bars_without_volumes_leave_no_panel_blank(study: Study) -> None:
    bars = [msgspec.structs.replace(bar, volume=None) for bar in walk(300)]
    view = chart([part(study)])
    fold = view.fold(Selection(), {})
    fold.apply(bars)
    stage = Stage(model(view, fold, {}), size=(10.0, 7.0))
    stage.show()
    for panel in stage.scene.panels:
        said = panel.message.words
        assert bool(said) == bool(panel.spec.needs)
        assert "no volume in these bars" in said or not said
    reads = study.indicator is not None and study.reads_volume
    assert fold.counts() == ({"without volume": 300} if reads else {})


def test_every_indicator_of_bars_has_a_window() -> None:
    assert {name for name, kind in catalog().items() if of_bars(kind)} == set(OF_BARS)
    assert {"bollinger", "sma"} <= set(OF_BARS)
    assert "flights_per_day" not in OF_BARS
    assert all(
        name == study.name == (study.indicator.name if study.indicator else name) for name, study in STUDIES.items()
    )


def test_all_studies_together_make_one_chart() -> None:
    view = chart([part(study) for study in STUDIES.values()])
    drawn(view, walk(300))
    columns = list(named(view.panels))
    assert len(set(columns)) >= len(STUDIES)
