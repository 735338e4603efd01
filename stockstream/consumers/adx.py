"""ADX and the directional indicators, beneath the candles."""

from stockstream.indicators import ADX
from stockstream.views.marks import Guide, Line, Panel
from stockstream.views.study import Study

STUDY = Study(
    "adx",
    "ADX",
    ADX,
    panels=(
        Panel(
            (
                Guide(25.0),
                Line("plus_di", label="+DI", color=0, width=1.0),
                Line("minus_di", label="-DI", color=3, width=1.0),
                Line("adx", label="ADX", color=7, width=1.8),
            ),
            ylabel="ADX",
            from_zero=True,
        ),
    ),
)
