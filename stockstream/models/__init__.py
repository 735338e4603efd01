"""Models: predictors and detectors of outliers. Each is an `Indicator`, so that it has a window, SQL and alerts.

What a model needs beyond NumPy is in the extra ``models``, and is loaded when it is used.
"""

from stockstream.models.base import Model
from stockstream.models.outlier import Outlier, OutlierPoint
from stockstream.models.trend import Trend, TrendPoint

__all__ = ["Model", "Outlier", "OutlierPoint", "Trend", "TrendPoint"]
