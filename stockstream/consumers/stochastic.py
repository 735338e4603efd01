"""The stochastic oscillator, beneath the candles."""

from stockstream.indicators import Stochastic
from stockstream.views.marks import Guide, Line, Panel
from stockstream.views.study import Study

STUDY = Study(
    "stochastic",
    "Stochastic",
    Stochastic,
    panels=(
        Panel(
            (Guide(20.0), Guide(80.0), Line("k", label="%K"), Line("d", label="%D", color=1, dashed=True)),
            ylabel="stochastic, %",
            limits=(-2.0, 102.0),
            ticks=(0.0, 20.0, 50.0, 80.0, 100.0),
        ),
    ),
)
