"""Moving averages, over the candles."""

from stockstream.indicators import EMA, SMA
from stockstream.views.marks import Line, Readout
from stockstream.views.study import Study

STUDIES = tuple(
    Study(
        kind.name,
        kind.__name__,
        kind,
        over=(Line(kind.name, label=kind.__name__),),
        readouts=(Readout(kind.name, kind.__name__, ",.2f"),),
    )
    for kind in (SMA, EMA)
)
