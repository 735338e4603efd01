"""Outliers, as marks over the candles, and the scores beneath them."""

from stockstream.models import Outlier
from stockstream.views.marks import Dots, Guide, Line, Panel, Readout
from stockstream.views.study import Study

STUDY = Study(
    "outlier",
    "Outliers",
    Outlier,
    over=(Dots("outlier", label="outlier", color=3),),
    panels=(
        Panel(
            (
                Guide(0.0),
                Line("return_z", label="return", color=0),
                Line("range_z", label="range", color=1),
                Line("volume_z", label="volume", color=2),
            ),
            ylabel="deviations",
            readouts=(Readout("score", "largest", ".1f"),),
        ),
    ),
)
