"""Conversion of yfinance's tables to a source's reply."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from stockstream.periods import intraday
from stockstream.producers.bar_source import Reply, Row, Session, Split


def read_frame(interval: str, frame: pd.DataFrame, meta: Mapping[str, Any]) -> Reply:
    """Make a reply of a history.

    Parameters
    ----------
    interval
        How long a bar is.
    frame
        yfinance's: Open, High, Low, Close, Adj Close, Volume and Stock Splits by time in the exchange's zone.
    meta
        yfinance's metadata of the history: the exchange's zone, the currency, the trading hours.
    """
    rows: list[Row] = []
    splits: list[Split] = []
    for time, row in _rows(frame, interval):
        # Where Yahoo has no adjusted close, for all below a day, yfinance repeats the close under its name.
        adjusted = None if intraday(interval) else _number(row.Adjusted)
        opened, high, low, close = (_number(price) for price in (row.Open, row.High, row.Low, row.Close))
        rows.append(Row(time, opened, high, low, close, _number(row.Volume), adjusted))
        if row.Split > 0:
            splits.append(Split(time, row.Split))
    return Reply(
        tuple(rows),
        zone=ZoneInfo(meta["exchangeTimezoneName"]),
        currency=meta.get("currency"),
        session=_session(meta),
        splits=tuple(splits),
    )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _rows(frame: pd.DataFrame, interval: str) -> Iterator[tuple[datetime, Any]]:
    frame = frame.rename(columns={"Adj Close": "Adjusted", "Stock Splits": "Split"})
    index = frame.index
    if isinstance(index, pd.DatetimeIndex) and intraday(interval):
        index = index.tz_convert(UTC)
    for stamp, row in zip(index, frame.itertuples(index=False), strict=True):
        if intraday(interval):
            yield stamp.to_pydatetime(), row
        else:
            yield datetime(stamp.year, stamp.month, stamp.day, tzinfo=UTC), row


def _session(meta: Mapping[str, Any]) -> Session | None:
    regular = (meta.get("currentTradingPeriod") or {}).get("regular") or {}
    start, end = regular.get("start"), regular.get("end")
    if not isinstance(start, pd.Timestamp) or not isinstance(end, pd.Timestamp) or start >= end:
        return None
    return Session(start.to_pydatetime().astimezone(UTC), end.to_pydatetime().astimezone(UTC))
