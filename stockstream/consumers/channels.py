"""Channels, over the candles."""

from stockstream.indicators import Donchian, Keltner
from stockstream.views.marks import Band, Line
from stockstream.views.study import Study

STUDIES = tuple(
    Study(
        kind.name,
        f"{kind.__name__} Channel",
        kind,
        over=(Band("lower", "upper", label="channel"), Line("middle", label="middle", dashed=True)),
    )
    for kind in (Keltner, Donchian)
)
