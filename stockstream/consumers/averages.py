"""Moving averages, over the candles."""

from stockstream.indicators import EMA, SMA, WMA, RowAverage
from stockstream.views.marks import Line
from stockstream.views.study import Study

STUDIES = tuple(
    Study(kind.name, title, kind, over=(Line(kind.fields[0], label=title),))
    for kind, title in ((SMA, "SMA"), (EMA, "EMA"), (WMA, "WMA"), (RowAverage, "Row average"))
)
