"""Bollinger Bands over candles, with the volume beneath."""

from stockstream.indicators.bollinger import Bollinger
from stockstream.records import Bar
from stockstream.topics import STOCKS
from stockstream.views.fold import Parameter
from stockstream.views.marks import Band, Candles, Columns, Line, Panel, Readout
from stockstream.views.series import SeriesFold
from stockstream.views.view import View

VIEW = View(
    name="bollinger",
    help="Bollinger Bands over candles, with the volume beneath.",
    topic=STOCKS,
    record=Bar,
    fold=SeriesFold.of(Bollinger),
    title="Bollinger Bands ({period}, {width:g})",
    panels=(
        Panel(
            (
                Band("lower", "upper", label="bands", color=2),
                Line("middle", label="middle", color=2, dashed=True),
                Candles(),
            ),
            ylabel="price",
            height=3,
            readouts=(
                Readout("close", "close", ",.2f"),
                Readout("percent_b", "%B", ".2f"),
                Readout("bandwidth", "bandwidth", ".2%"),
            ),
        ),
        Panel((Columns("volume"),), ylabel="volume", from_zero=True),
    ),
    parameters=(
        Parameter("period", int, 20, "Bars in the moving average."),
        Parameter("width", float, 2.0, "Standard deviations between the average and a band."),
    ),
)
