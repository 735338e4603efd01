"""MACD, its signal and the histogram between them, beneath the candles."""

from stockstream.indicators import MACD
from stockstream.views.marks import Columns, Guide, Line, Panel, Readout
from stockstream.views.study import Study

STUDY = Study(
    "macd",
    "MACD",
    MACD,
    panels=(
        Panel(
            (
                Guide(0.0),
                Columns("histogram", signed=True),
                Line("line", label="MACD", color=4),
                Line("signal", label="signal", color=2),
            ),
            ylabel="MACD",
            from_zero=True,
            readouts=(Readout("histogram", "histogram"),),
        ),
    ),
)
