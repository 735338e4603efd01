"""`stockstream.read`: a topic as a pandas DataFrame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Final, TypeVar, get_args, get_type_hints

import msgspec
import pandas as pd

from stockstream.config import load
from stockstream.connection import Connection
from stockstream.consumers.inventory import instead, names_in
from stockstream.consumers.inventory import wanted as wanted_words
from stockstream.errors import SeriesError, StockstreamError
from stockstream.intervals import FORM, is_interval
from stockstream.kafka.admin import Admin
from stockstream.kafka.decoding import Decoding
from stockstream.kafka.key_order import OutOfOrder, sent_order
from stockstream.kafka.to_end import ToEnd
from stockstream.kafka.waiting import no_topic
from stockstream.names import cut
from stockstream.records import Bar, Flight
from stockstream.topics import FLIGHTS, STOCKS, AnyTopic
from stockstream.views.fold import Selection

_GIVE_UP: Final = 10.0


def read(
    topic: str = "stocks",
    *,
    symbol: str | None = None,
    interval: str | None = None,
    feed: str | None = None,
    airline: str | None = None,
    config: str | Path | None = None,
    bootstrap_servers: str | None = None,
) -> pd.DataFrame:
    """Read all present records of a topic to a DataFrame.

    Parameters
    ----------
    topic
        ``stocks`` or ``flights``.
    symbol, interval, feed
        For stocks: only these bars.
    airline
        For flights: only those of this airline.
    config
        A settings file; by default those of the command line.
    bootstrap_servers
        The broker; by default that of the settings.

    Returns
    -------
    pandas.DataFrame
        For stocks one row a bar, sorted by symbol, interval, feed and time; of a repeated bar the last. For flights one
        row a flight, sorted by file and row; of a repeated flight the first. Columns are the fields of the record;
        ``time`` is in UTC.

    Raises
    ------
    Unreachable
        No broker answers within 10 s.
    BrokerError
        The topic does not exist.
    SeriesError
        The topic holds no such records; the message names what it holds.
    StockstreamError
        The topic is unknown, or a parameter is one of another topic, or cannot be one.
    """
    if topic not in (STOCKS.name, FLIGHTS.name):
        raise StockstreamError(f"topic is one of {STOCKS.name}, {FLIGHTS.name}, not {topic!r}")
    of_bars = {"symbol": symbol, "interval": interval, "feed": feed}
    of_flights = {"airline": airline}
    wanted, others = (of_bars, of_flights) if topic == STOCKS.name else (of_flights, of_bars)
    wrong = [name for name, value in others.items() if value is not None]
    if wrong:
        raise StockstreamError(
            f"{', '.join(wrong)} is not a choice in {topic}", hint=f"there it is {', '.join(wanted)}"
        )
    _refuse_impossible(wanted | {"config": None if isinstance(config, Path) else config})
    overrides = {} if bootstrap_servers is None else {"bootstrap_servers": bootstrap_servers}
    connection = load(None if config is None else Path(config), overrides).connection("consumer")
    key = symbol or airline
    if topic == STOCKS.name:
        bars = _table(_records(STOCKS, Bar, connection, key), Bar, wanted)
        _refuse_nothing(bars, STOCKS, wanted, connection)
        return _latest(bars)
    flights = _table(_records(FLIGHTS, Flight, connection, key), Flight, wanted)
    _refuse_nothing(flights, FLIGHTS, wanted, connection)
    lacking = [name for name in _MAYBE if flights[name].isna().all()]
    flights = flights.astype(dict.fromkeys(lacking, "float64"))
    return flights.drop_duplicates(_ROW).sort_values(_ROW, kind="stable", ignore_index=True)


def _refuse_impossible(texts: Mapping[str, object]) -> None:
    """Raise StockstreamError for a choice that no record can fulfil."""
    for name, value in texts.items():
        if value is not None and (not isinstance(value, str) or not value):
            raise StockstreamError(f"{name} is a text that is not empty, not {value!r}")
    interval = texts.get("interval")
    if isinstance(interval, str) and not is_interval(interval):
        raise StockstreamError(f"interval {cut(interval)!r} is none", hint=f"it is {FORM}")


def _refuse_nothing(
    table: pd.DataFrame, topic: AnyTopic, choice: Mapping[str, str | None], connection: Connection
) -> None:
    """Raise SeriesError if records were requested and none were found."""
    if len(table) or not any(choice.values()):
        return
    name = "symbol" if topic is STOCKS else "airline"
    key = choice[name]
    selection = Selection((key,) if key else (), choice.get("interval"), choice.get("feed"))
    wanted = wanted_words(name, selection.keys, selection)
    there = instead(name, selection.keys, selection, names_in(topic, connection, patience=_GIVE_UP))
    raise SeriesError(f"the topic {topic.name} holds nothing of {wanted}", hint=there)


_BAR: Final = ["symbol", "interval", "feed", "time"]
_NUMBERS: Final = dict.fromkeys(("open", "volume", "adj_close", "close_usd"), "float64")
# Numbers that a layout may lack: if all are missing, pandas would not use a numeric type.
_MAYBE: Final = [name for name, hint in get_type_hints(Flight).items() if {int, type(None)} <= set(get_args(hint))]
_ROW: Final = ["file", "row"]


R = TypeVar("R")


def _records(topic: AnyTopic, record: type[R], connection: Connection, key: str | None) -> list[R]:
    """All records from the start of the topic to its present end."""
    if topic.name not in Admin(connection, timeout=_GIVE_UP).names():
        raise no_topic(topic.name, connection)
    keys = None if key is None else [key]
    decoding = Decoding(topic, record, connection, keys, Event(), ordered=topic.corrected)
    with ToEnd(connection, topic.name) as reader:
        ranges = reader.ranges()
        try:
            return [each for messages in reader.messages(ranges) for each in decoding.take(messages).records]
        except OutOfOrder:
            decoding = Decoding(topic, record, connection, keys, Event())
            batches = sent_order(topic.name, ranges, reader.messages(ranges))
            return [each for messages in batches for each in decoding.take(messages).records]


def _latest(bars: pd.DataFrame) -> pd.DataFrame:
    """Of the bars of one series and time the last that was sent, in order."""
    kept = bars.astype(_NUMBERS).drop_duplicates(_BAR, keep="last")
    return kept.sort_values(_BAR, kind="stable", ignore_index=True)


def _table(
    records: Sequence[msgspec.Struct], record: type[msgspec.Struct], wanted: Mapping[str, str | None]
) -> pd.DataFrame:
    names = [field.name for field in msgspec.structs.fields(record)]
    table = pd.DataFrame([msgspec.structs.astuple(each) for each in records], columns=names)
    for name, value in wanted.items():
        if value is not None:
            table = table[table[name] == value]
    return table
