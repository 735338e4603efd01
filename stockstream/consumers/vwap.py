"""VWAP over the candles, with the volume beneath."""

from stockstream.consumers import volume
from stockstream.indicators import VWAP
from stockstream.views.marks import Line
from stockstream.views.study import Study

STUDY = Study(
    "vwap",
    "VWAP",
    VWAP,
    over=(Line("vwap", label="VWAP"),),
    beneath=(volume.STUDY,),
)
