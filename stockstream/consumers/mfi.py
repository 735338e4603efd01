"""The Money Flow Index, beneath the candles, with the volume."""

from stockstream.consumers import volume
from stockstream.indicators import MFI
from stockstream.views.marks import Guide, Line, Panel, Readout
from stockstream.views.study import Study

STUDY = Study(
    "mfi",
    "MFI",
    MFI,
    panels=(
        Panel(
            (Guide(20.0), Guide(80.0), Line("mfi")),
            ylabel="MFI",
            limits=(0.0, 100.0),
            ticks=(0.0, 20.0, 50.0, 80.0, 100.0),
            readouts=(Readout("mfi", "MFI"),),
        ),
    ),
    beneath=(volume.STUDY,),
)
