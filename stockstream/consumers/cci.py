"""The Commodity Channel Index, beneath the candles."""

from stockstream.indicators import CCI
from stockstream.views.marks import Guide, Line, Panel, Readout
from stockstream.views.study import Study

STUDY = Study(
    "cci",
    "CCI",
    CCI,
    panels=(Panel((Guide(-100.0), Guide(100.0), Line("cci")), ylabel="CCI", readouts=(Readout("cci", "CCI"),)),),
)
