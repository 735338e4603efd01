"""Files and messages before they are mangled: some synthetic rows in each supported layout."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from stockstream.producers.sample import sample_flights
from stockstream.producers.simulated import Walk
from stockstream.records import Bar, Flight
from stockstream.topics import FLIGHTS, STOCKS

_ROWS: Final = 24
_SYMBOLS: Final = ("FUZZ", "FUZZ", "FUZZ", "MORE", "ZZZZ")
_BEGIN: Final = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)

_STOCKS: Final = {
    "AAPL_1d.csv": ("Date,Open,High,Low,Close,Adj Close,Volume", "{day},{o},{h},{l},{c},{c},{v}"),
    "AAPL_1m.csv": ("Datetime,Open,High,Low,Close,Volume", "{minute}+00:00,{o},{h},{l},{c},{v}"),
    "naive_1m.csv": ("timestamp,open,high,low,close,volume", "{minute},{o},{h},{l},{c},{v}"),
    "epoch.csv": ("time,open,high,low,close,volume", "{epoch},{o},{h},{l},{c},{v}"),
    "nasdaq.csv": ("Date,Close/Last,Volume,Open,High,Low", "{american},${c},{v},${o},${h},${l}"),
    "semicolon.csv": ("Date;Open;High;Low;Close;Volume", "{day};{o_};{h_};{l_};{c_};{v}"),
    "quoted.csv": ('"Date","Open","High","Low","Close","Volume"', '"{day}","{o}","{h}","{l}","{c}","{v:,}"'),
    "several.csv": ("date,symbol,open,high,low,close,volume", "{day},{symbol},{o},{h},{l},{c},{v}"),
    "multi.csv": (
        "Price,Close,High,Low,Open,Volume\nTicker,QQA,QQA,QQA,QQA,QQA\nDate,,,,,",
        "{day},{c},{h},{l},{o},{v}",
    ),
    "stooq.csv": (
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
        "AAPL.US,D,{compact},000000,{o},{h},{l},{c},{v},0",
    ),
}
"""Layouts of stock files: the header, and a row."""

_OTHER_FLIGHTS: Final = {
    "bts_flights.csv": "FL_DATE,OP_UNIQUE_CARRIER,OP_CARRIER_FL_NUM,ORIGIN,DEST,"
    "CRS_DEP_TIME,DEP_TIME,DEP_DELAY,CANCELLED",
    "data_expo_flights.csv": "Year,Month,DayofMonth,UniqueCarrier,FlightNum,Origin,Dest,"
    "CRSDepTime,DepTime,DepDelay,Cancelled",
}


def bars(count: int, symbol: str = "FUZZ", interval: str = "1m") -> Iterator[Bar]:
    """Bars of a walk, one a minute."""
    walk = Walk(symbol, interval, 7)
    price = walk.first_price()
    for number in range(count):
        bar = walk.bar(_BEGIN + timedelta(minutes=number), price)
        price = bar.close
        yield bar


def stock_files() -> list[tuple[str, bytes]]:
    """A file of each layout of stock files, with its name."""
    return [(name, _stock_file(header, row)) for name, (header, row) in _STOCKS.items()]


def _stock_file(header: str, row: str) -> bytes:
    lines = [header]
    for number, bar in enumerate(bars(_ROWS)):
        day = datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=number)
        cells = {"o": bar.open, "h": bar.high, "l": bar.low, "c": bar.close}
        lines.append(
            row.format(
                day=f"{day:%Y-%m-%d}",
                american=f"{day:%m/%d/%Y}",
                compact=f"{day:%Y%m%d}",
                minute=f"{bar.time:%Y-%m-%d %H:%M:%S}",
                epoch=int(bar.time.timestamp() * 1000),
                symbol=_SYMBOLS[number % len(_SYMBOLS)],
                v=int(bar.volume or 0),
                **cells,
                **{f"{name}_": str(cell).replace(".", ",") for name, cell in cells.items()},
            )
        )
    return ("\n".join(lines) + "\n").encode()


def flight_files() -> list[tuple[str, bytes]]:
    """A file of each layout of flight files, with its name."""
    header, *lines = sample_flights().decode().split("\r\n")
    rows = [line.split(",") for line in lines[:_ROWS]]
    kaggle = "\r\n".join([header, *lines[:_ROWS]]) + "\r\n"
    bts = [
        f"{r[0]}-{int(r[1]):02}-{int(r[2]):02},{r[4]},{r[5]},{r[7]},{r[8]},{r[9]},{r[10]},{r[11]},{r[24]}" for r in rows
    ]
    expo = [f"{r[0]},{r[1]},{r[2]},{r[4]},{r[5]},{r[7]},{r[8]},{r[9]},{r[10]},{r[11]},{r[24]}" for r in rows]
    others = zip(_OTHER_FLIGHTS.items(), (bts, expo), strict=True)
    return [
        ("flights.csv", kaggle.encode()),
        *((name, "\n".join([head, *body, ""]).encode()) for (name, head), body in others),
    ]


def messages(random: Random) -> tuple[list[bytes], list[bytes]]:
    """Messages of stocks and of flights that every reader accepts."""
    stocks = [STOCKS.encode(bar) for bar in bars(2_000)]
    stocks += [STOCKS.encode(bar) for symbol in _SYMBOLS[3:] for bar in bars(300, symbol)]
    flight = Flight(
        "0123456789abcdef", 0, 2015, 1, 2, 5, "AA", 1, "N1", "DFW", "LAX", 630, 640, 10, 14, 654, 200, 190, 170, 1_235,
        844, 5, 850, 849, -1, 0, 0, None, None, None, None, None, None,
    )  # fmt: skip
    carriers, days = ("AA", "DL", "UA"), range(1, 32)
    flights = [
        FLIGHTS.encode(_flown(flight, number, random.choice(carriers), random.choice(days))) for number in range(20_000)
    ]
    return stocks, flights


def _flown(flight: Flight, row: int, airline: str, day: int) -> Flight:
    fields = {name: getattr(flight, name) for name in flight.__struct_fields__}
    return Flight(**{**fields, "row": row, "airline": airline, "day": day})
