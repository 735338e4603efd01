"""The Price Volume Trend, beneath the candles, with the volume."""

from stockstream.consumers import volume
from stockstream.indicators import PVT
from stockstream.views.marks import Line, Panel, Readout
from stockstream.views.study import Study

STUDY = Study(
    "pvt",
    "Price Volume Trend",
    PVT,
    panels=(Panel((Line("pvt"),), ylabel="PVT", readouts=(Readout("pvt", "PVT"),)),),
    beneath=(volume.STUDY,),
)
