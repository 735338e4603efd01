"""Technical indicators: mathematics only, no input or output, NumPy at most.

Every indicator is a class that follows `Indicator`.
"""

from stockstream.indicators.protocol import Columns, Indicator, InvalidBar

__all__ = ["Columns", "Indicator", "InvalidBar"]
