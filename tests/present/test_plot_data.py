"""The data of a picture."""

from __future__ import annotations

import numpy as np
import pytest

from stockstream.present.plot_data import Group, PlotData, group_column, next_key, plot_data
from stockstream.views.frame import Frame
from tests.charts.fake_model import COUNTS, PRICES, FakeFold, FakeModel, bars


def test_one_key_with_its_parameters_in_the_title() -> None:
    model = FakeModel(PRICES, FakeFold({"AAPL": bars(30)}, {"AAPL": "AAPL 1m"}, fake=True))
    shown = plot_data(model, "AAPL")
    assert (shown.title, shown.key, shown.simulated) == ("AAPL 1m - Bands (20, 2)", "AAPL", True)
    assert shown.zone == "America/New_York"
    assert shown.frame["close"].tolist() == model.fold.frame("AAPL")["close"].tolist()


def test_a_stretch() -> None:
    model = FakeModel(PRICES, FakeFold({"AAPL": bars(30)}))
    instants = model.fold.frame("AAPL").instants
    shown = plot_data(model, "AAPL", start=instants[5], end=instants[9])
    assert shown.frame.instants.tolist() == instants[5:9].tolist()


@pytest.mark.parametrize(
    ("times", "zone", "result"),
    [
        (["2026-03-02T14:30", "2026-03-02T14:31"], "America/New_York", "Mon 2 Mar 09:30 EST"),
        (["2025-12-31T14:30", "2026-01-02T14:30"], None, "Wed 31 Dec 2025 14:30 UTC"),
        (["2026-03-02", "2026-03-03"], None, "Mon 2 Mar 2026"),
        (["2026-03-02"], None, "Mon 2 Mar 2026"),
        (["2026-03-02", "2026-03-09", "2026-03-23"], None, "week of 2 Mar 2026"),
        (["2026-02-01", "2026-03-01", "2026-04-01"], None, "Feb 2026"),
        (["2024-01-01", "2025-01-01", "2026-01-01"], None, "2024"),
    ],
)
def test_a_row_s_moment_or_period_is_reported(times: list[str], zone: str | None, result: str) -> None:
    assert PlotData("", "AAPL", Frame("time", {"time": np.array(times, "M8[us]")}), zone).moment(0) == result


def test_no_data_yet() -> None:
    model = FakeModel(PRICES, FakeFold({}))
    assert plot_data(model, None).title == "Bands (20, 2)"
    assert len(plot_data(model, None).frame) == 0
    assert plot_data(model, "AAPL").title == "AAPL - Bands (20, 2)"


def test_all_keys_side_by_side() -> None:
    def counts(days: list[str], flights: list[int]) -> Frame:
        return Frame("day", {"day": np.array(days, "M8[D]"), "flights": np.array(flights)})

    frames = {
        "AA": counts(["2015-01-01", "2015-01-03"], [3, 5]),
        "DL": counts(["2015-01-02", "2015-01-03"], [7, 11]),
    }
    shown = plot_data(FakeModel(COUNTS, FakeFold(frames, {"AA": "AA American"}, where=None)), None)
    assert shown.frame.instants.astype(str).tolist() == ["2015-01-01", "2015-01-02", "2015-01-03"]
    assert np.array_equal(shown.frame[group_column("flights", "AA")], [3, np.nan, 5], equal_nan=True)
    assert np.array_equal(shown.frame[group_column("flights", "DL")], [np.nan, 7, 11], equal_nan=True)
    assert shown.groups == (Group("AA", "AA American", 8.0), Group("DL", "DL", 18.0))


def test_next_key_goes_around() -> None:
    keys = ["A", "B", "C"]
    assert [next_key(keys, "A", 1), next_key(keys, "C", 1), next_key(keys, "A", -1)] == ["B", "A", "C"]
    assert next_key(keys, "gone", 1) == "A"
    assert next_key([], None, 1) is None
