"""The rate of change, beneath the candles."""

from stockstream.indicators import ROC
from stockstream.views.marks import Guide, Line, Panel, Readout
from stockstream.views.study import Study

STUDY = Study(
    "roc",
    "Rate of change",
    ROC,
    panels=(
        Panel((Guide(0.0), Line("roc")), ylabel="change, %", from_zero=True, readouts=(Readout("roc", "change, %"),)),
    ),
)
