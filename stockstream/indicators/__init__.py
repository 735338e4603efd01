"""Technical indicators: mathematics only, no input or output, NumPy and msgspec at most.

Every indicator is a class that follows `Indicator`. Begin with `base`.
"""

from stockstream.indicators.adx import ADX, ADXPoint
from stockstream.indicators.aroon import Aroon, AroonPoint
from stockstream.indicators.atr import ATR, ATRPoint
from stockstream.indicators.base import Columns, Indicator, Point, PriceBar
from stockstream.indicators.bollinger import Bollinger, BollingerPoint
from stockstream.indicators.cci import CCI, CCIPoint
from stockstream.indicators.checks import InvalidBar
from stockstream.indicators.compose.by_series import by_series
from stockstream.indicators.compose.chain import Chain
from stockstream.indicators.compose.corrected import Corrected, TooLate
from stockstream.indicators.compose.keyed import Keyed
from stockstream.indicators.compose.run import run
from stockstream.indicators.compose.together import Together
from stockstream.indicators.donchian import Donchian, DonchianPoint
from stockstream.indicators.ema import EMA, EMAPoint
from stockstream.indicators.flights_per_day import FlightsPerDay, FlightsPerDayPoint
from stockstream.indicators.keltner import Keltner, KeltnerPoint
from stockstream.indicators.macd import MACD, MACDPoint
from stockstream.indicators.mfi import MFI, MFIPoint
from stockstream.indicators.obv import OBV, OBVPoint
from stockstream.indicators.pvt import PVT, PVTPoint
from stockstream.indicators.resample import Resampler
from stockstream.indicators.roc import ROC, ROCPoint
from stockstream.indicators.row_average import RowAverage, RowAveragePoint
from stockstream.indicators.rsi import RSI, RSIPoint
from stockstream.indicators.sessions import Session, Sessions
from stockstream.indicators.sma import SMA, SMAPoint
from stockstream.indicators.stochastic import Stochastic, StochasticPoint
from stockstream.indicators.volatility import Volatility, VolatilityPoint
from stockstream.indicators.vwap import VWAP, VWAPPoint
from stockstream.indicators.williams_r import WilliamsR, WilliamsRPoint
from stockstream.indicators.wma import WMA, WMAPoint

__all__ = [
    "ADX",
    "ATR",
    "CCI",
    "EMA",
    "MACD",
    "MFI",
    "OBV",
    "PVT",
    "ROC",
    "RSI",
    "SMA",
    "VWAP",
    "WMA",
    "ADXPoint",
    "ATRPoint",
    "Aroon",
    "AroonPoint",
    "Bollinger",
    "BollingerPoint",
    "CCIPoint",
    "Chain",
    "Columns",
    "Corrected",
    "Donchian",
    "DonchianPoint",
    "EMAPoint",
    "FlightsPerDay",
    "FlightsPerDayPoint",
    "Indicator",
    "InvalidBar",
    "Keltner",
    "KeltnerPoint",
    "Keyed",
    "MACDPoint",
    "MFIPoint",
    "OBVPoint",
    "PVTPoint",
    "Point",
    "PriceBar",
    "ROCPoint",
    "RSIPoint",
    "Resampler",
    "RowAverage",
    "RowAveragePoint",
    "SMAPoint",
    "Session",
    "Sessions",
    "Stochastic",
    "StochasticPoint",
    "Together",
    "TooLate",
    "VWAPPoint",
    "Volatility",
    "VolatilityPoint",
    "WMAPoint",
    "WilliamsR",
    "WilliamsRPoint",
    "by_series",
    "run",
]
