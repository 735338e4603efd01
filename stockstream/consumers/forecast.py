"""Forecast intervals over the candles that they were made for, and how often they held, beneath them."""

from stockstream.models import Forecast
from stockstream.models.scores import LEVEL
from stockstream.views.marks import Band, Line, Panel, Readout, Verdict
from stockstream.views.study import Study

STUDY = Study(
    "forecast",
    "Forecast",
    Forecast,
    heading="Forecast, bars ahead: {ahead}, coverage {coverage:g}",
    over=(Band("due_lower", "due_upper", label="made for this bar"),),
    readouts=(Readout("lower", "next: from"), Readout("upper", "to")),
    panels=(
        Panel(
            (
                Band("by_chance_low", "by_chance_high", label="by chance, 95 %", color=5),
                Line("walk_held", label="random walk", color=1, dashed=True),
                Line("held", label="held", color=0, width=2.0),
            ),
            ylabel="coverage",
            percent=True,
            readouts=(
                Readout("scored", "of", ",.0f"),
                Readout("score", "score, of a random walk's", ".3f"),
                Readout(
                    "p_value", "p", ".2g",
                    Verdict(LEVEL, "sharper than a random walk (p = {})", "no sharper than a random walk (p = {})"),
                ),
            ),
        ),
    ),
)  # fmt: skip
