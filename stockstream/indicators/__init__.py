"""Technical indicators: mathematics only, no input or output, NumPy and msgspec at most.

Every indicator is a class that follows `Indicator`.
"""

from stockstream.indicators.aroon import Aroon, AroonPoint
from stockstream.indicators.bollinger import Bollinger, BollingerPoint
from stockstream.indicators.protocol import Columns, Indicator, InvalidBar, Point, PriceBar

__all__ = [
    "Aroon",
    "AroonPoint",
    "Bollinger",
    "BollingerPoint",
    "Columns",
    "Indicator",
    "InvalidBar",
    "Point",
    "PriceBar",
]
