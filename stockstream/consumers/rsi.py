"""RSI, beneath the candles."""

from stockstream.indicators import RSI
from stockstream.views.marks import Guide, Line, Panel, Readout
from stockstream.views.study import Study

STUDY = Study(
    "rsi",
    "RSI",
    RSI,
    panels=(
        Panel(
            (Guide(30.0), Guide(70.0), Line("rsi")),
            ylabel="RSI",
            limits=(0.0, 100.0),
            ticks=(0.0, 30.0, 50.0, 70.0, 100.0),
            readouts=(Readout("rsi", "RSI"),),
        ),
    ),
)
