"""On-Balance Volume, beneath the candles, with the volume."""

from stockstream.consumers import volume
from stockstream.indicators import OBV
from stockstream.views.marks import Line, Panel, Readout
from stockstream.views.study import Study

STUDY = Study(
    "obv",
    "On-Balance Volume",
    OBV,
    panels=(Panel((Line("obv"),), ylabel="OBV", readouts=(Readout("obv", "OBV"),)),),
    beneath=(volume.STUDY,),
)
