"""The regression line over the candles, and its slope with the confidence interval beneath them."""

from stockstream.models import Trend
from stockstream.views.marks import Band, Guide, Line, Panel
from stockstream.views.study import Study

STUDY = Study(
    "trend",
    "Trend",
    Trend,
    over=(Line("line", label="regression"),),
    panels=(
        Panel(
            (Guide(0.0), Band("lower", "upper", label="confidence"), Line("slope", label="slope")),
            ylabel="price a bar",
        ),
    ),
)
