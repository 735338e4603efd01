"""Models: predictors and detectors of outliers. Each is an `Indicator`, so that it has a window, SQL and alerts.

What a model needs beyond NumPy is in the extra ``models``, and is loaded when it is used. Begin with `base`.
"""

from stockstream.models.base import Model
from stockstream.models.direction import Direction
from stockstream.models.direction_forest import DirectionForest
from stockstream.models.direction_river import DirectionRiver
from stockstream.models.forecast import Forecast, ForecastPoint
from stockstream.models.outlier import Outlier, OutlierPoint
from stockstream.models.predictor import Learner, PredictionPoint, Predictor
from stockstream.models.trend import Trend, TrendPoint

__all__ = [
    "Direction",
    "DirectionForest",
    "DirectionRiver",
    "Forecast",
    "ForecastPoint",
    "Learner",
    "Model",
    "Outlier",
    "OutlierPoint",
    "PredictionPoint",
    "Predictor",
    "Trend",
    "TrendPoint",
]
