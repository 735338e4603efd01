"""The volatility of the returns, beneath the candles."""

from stockstream.indicators import Volatility
from stockstream.views.marks import Line, Panel, Readout
from stockstream.views.study import Study

STUDY = Study(
    "volatility",
    "Volatility",
    Volatility,
    heading="Volatility of {period} returns, as of {factor:g} bars",
    panels=(
        Panel(
            (Line("volatility"),),
            ylabel="volatility",
            from_zero=True,
            percent=True,
            readouts=(Readout("volatility", "volatility", "6.2%"),),
        ),
    ),
)
