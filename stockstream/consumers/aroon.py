"""Aroon up and down, and the oscillator between them."""

from stockstream.indicators import Aroon
from stockstream.views.marks import Guide, Line, Panel
from stockstream.views.study import Study

STUDY = Study(
    "aroon",
    "Aroon",
    Aroon,
    panels=(
        Panel(
            (Guide(30.0), Guide(70.0), Line("up", label="up", color=0), Line("down", label="down", color=1)),
            ylabel="Aroon, %",
            limits=(-5.0, 105.0),
            ticks=(0.0, 30.0, 50.0, 70.0, 100.0),
        ),
        Panel(
            (Guide(-50.0), Guide(0.0), Guide(50.0), Line("oscillator", label="up - down", color=2)),
            ylabel="oscillator",
            limits=(-110.0, 110.0),
            ticks=(-100.0, -50.0, 0.0, 50.0, 100.0),
        ),
    ),
    prices=False,
)
