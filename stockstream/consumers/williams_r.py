"""Williams %R, beneath the candles."""

from stockstream.indicators import WilliamsR
from stockstream.views.marks import Guide, Line, Panel, Readout
from stockstream.views.study import Study

STUDY = Study(
    "williams_r",
    "Williams %R",
    WilliamsR,
    panels=(
        Panel(
            (Guide(-80.0), Guide(-20.0), Line("williams_r")),
            ylabel="%R",
            limits=(-102.0, 2.0),
            ticks=(-100.0, -80.0, -50.0, -20.0, 0.0),
            readouts=(Readout("williams_r", "%R"),),
        ),
    ),
)
