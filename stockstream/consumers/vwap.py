"""VWAP over the candles, with the volume beneath."""

from stockstream.consumers import volume
from stockstream.indicators import VWAP
from stockstream.views.marks import Line, Readout
from stockstream.views.study import Study

STUDY = Study(
    "vwap",
    "VWAP",
    VWAP,
    over=(Line("vwap", label="VWAP"),),
    readouts=(Readout("vwap", "VWAP", ",.2f"),),
    beneath=(volume.STUDY,),
)
