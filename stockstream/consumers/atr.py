"""ATR, beneath the candles."""

from stockstream.indicators import ATR
from stockstream.views.marks import Line, Panel, Readout
from stockstream.views.study import Study

STUDY = Study(
    "atr",
    "ATR",
    ATR,
    panels=(Panel((Line("atr"),), ylabel="ATR", from_zero=True, readouts=(Readout("atr", "ATR"),)),),
)
