"""Predictors: the probability of a higher close, and the scores of all predictions so far, beneath the candles."""

from __future__ import annotations

from typing import Final

from stockstream.models import Direction, DirectionForest, DirectionRiver, Predictor
from stockstream.models.scores import LEVEL
from stockstream.views.marks import Band, Guide, Line, Panel, Readout, Verdict
from stockstream.views.study import Study

_VERDICT: Final = Verdict(LEVEL, "better than a coin (p = {})", "no better than a coin (p = {})")


def study(kind: type[Predictor], title: str, of: str = "") -> Study:
    """The study of a predictor. ``of`` says what it learns by, and follows the title."""
    return Study(
        kind.name,
        title,
        kind,
        heading=f"{title}{of}, bars ahead: {{ahead}}",
        panels=(
            Panel(
                (Guide(0.5), Line("probability", label="probability of up")),
                ylabel="up",
                percent=True,
            ),
            Panel(
                (
                    Band("coin_low", "coin_high", label="a coin, 95 %", color=5),
                    Line("always_up", label="always up", color=1, dashed=True),
                    Line("persistence", label="as the last bar", color=2, dashed=True),
                    Line("hit_rate", label="right", color=0, width=2.0),
                ),
                ylabel="right so far",
                percent=True,
                readouts=(Readout("scored", "of", ",.0f"), Readout("p_value", "p", ".2g", _VERDICT)),
            ),
            Panel(
                (
                    Line("claimed", label="claimed", color=3),
                    Line("hit_rate", label="right", color=0),
                ),
                ylabel="calibration",
                percent=True,
                readouts=(Readout("brier", "Brier score (a coin 0.25)", ".4f"),),
            ),
        ),
    )


STUDIES: Final[tuple[Study, ...]] = (
    study(Direction, "Direction"),
    study(DirectionForest, "Direction", " by a random forest"),
    study(DirectionRiver, "Direction", " by river"),
)
