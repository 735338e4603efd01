"""Quotes of Yahoo's websocket: base64 of protobuf's PricingData, in JSON."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from google.protobuf.message import DecodeError
from yfinance.pricing_pb2 import PricingData

from stockstream.producers.bar_source import Quote, Stream

URL: Final = "wss://streamer.finance.yahoo.com/?version=2"
AGAIN: Final = 15.0
"""Seconds after which Yahoo requires the subscription again."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REGULAR: Final = 1
"""PricingData.market_hours: 0 is before, 2 after and 3 around the regular ones."""


class _Message(msgspec.Struct):
    type: str = ""
    message: str = ""


_DECODER: Final = msgspec.json.Decoder(_Message)


def quotes_of(symbols: Sequence[str]) -> Stream:
    """The stream of these symbols' quotes."""
    return Stream(URL, read_quotes, json.dumps({"subscribe": list(symbols)}), AGAIN)


def read_quotes(message: str | bytes) -> Iterator[Quote]:
    """The quote in a message; none if it is of another kind. ValueError if it cannot be read.

    The volume is that of the day so far, None if Yahoo reports none.
    """
    if not message:
        return
    try:
        decoded = _DECODER.decode(message)
        if decoded.type != "pricing" or not decoded.message:
            return
        data = PricingData.FromString(b64decode(decoded.message, validate=True))
    except (msgspec.MsgspecError, binascii.Error, DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    if data.id and data.time > 0 and 0.0 < data.price < 1e100:
        time = _EPOCH + timedelta(milliseconds=data.time)
        yield Quote(data.id, time, data.price, data.day_volume or None, data.market_hours != _REGULAR)
