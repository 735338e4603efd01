"""The picture of a topic's quality."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from matplotlib.image import imread

from stockstream.charts.quality import draw
from stockstream.charts.theme import light
from stockstream.records import Series
from tests.charts.stage import ink

OPENING = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def alarmed(path: Path, *series: Series) -> int:
    """How many pixels have the colour of a warning, in the picture of three weeks."""
    times = [OPENING + timedelta(hours=number) for number in range(24 * 21)]
    draw(path, dict.fromkeys(series, times))
    return ink((imread(path) * 255).round().astype(np.uint8), light().alarm)


def test_simulated_series_are_marked_across_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "quality.png"
    real, made_up = Series("AAPL", "1m"), Series("MSFT", "1m", "simulated")
    assert alarmed(path, real) == 0
    one = alarmed(path, real, made_up)
    assert one > 300
    assert alarmed(path, made_up, Series("IBM", "1m", "simulated")) > 1.8 * one
