"""Bollinger Bands over candles, with the volume beneath."""

from stockstream.consumers import volume
from stockstream.indicators import Bollinger
from stockstream.views.marks import Band, Line, Readout
from stockstream.views.study import Study

STUDY = Study(
    "bollinger",
    "Bollinger Bands",
    Bollinger,
    over=(Band("lower", "upper", label="bands"), Line("middle", label="middle", dashed=True)),
    readouts=(Readout("percent_b", "%B", "5.2f"), Readout("bandwidth", "bandwidth", "6.2%")),
    beneath=(volume.STUDY,),
)
