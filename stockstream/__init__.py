"""Stock bars and flights on a real Apache Kafka, and live windows on them.

The public API, each name imported when it is first used::

    read                              a topic as a pandas DataFrame
    widget                            a live chart in a notebook (extra web)
    Subscriber, Publisher             records out of a topic, and into one
    Topic, STOCKS, FLIGHTS            the topics
    Bar, Flight                       the records
    Indicator, Point, InvalidBar      the base of an indicator; `stockstream.indicators` has all that are shipped
    Study, View                       what an indicator looks like; a window, as a declaration
    errors                            the exception tree
    indicators                        the indicators

docs/extending.md shows how an indicator and a window of one's own are made of these.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Final

from stockstream.version import VERSION as __version__

if TYPE_CHECKING:
    from stockstream import errors, indicators
    from stockstream.consumers.read import read
    from stockstream.indicators import Indicator, InvalidBar, Point
    from stockstream.kafka.publisher import Publisher
    from stockstream.kafka.subscriber import Subscriber
    from stockstream.records import Bar, Flight
    from stockstream.topics import FLIGHTS, STOCKS, Topic
    from stockstream.views.study import Study
    from stockstream.views.view import View
    from stockstream.web.widget import widget

__all__ = [
    "FLIGHTS",
    "STOCKS",
    "Bar",
    "Flight",
    "Indicator",
    "InvalidBar",
    "Point",
    "Publisher",
    "Study",
    "Subscriber",
    "Topic",
    "View",
    "__version__",
    "errors",
    "indicators",
    "read",
    "widget",
]

# As libraries do: a program that configures no logging sees no messages of librdkafka.
logging.getLogger(__name__).addHandler(logging.NullHandler())

# pandas and Kafka are heavy: they are imported when they are used, not with the package.
_MODULES: Final = {
    "consumers.read": ("read",),
    "indicators": ("Indicator", "InvalidBar", "Point"),
    "kafka.publisher": ("Publisher",),
    "kafka.subscriber": ("Subscriber",),
    "records": ("Bar", "Flight"),
    "topics": ("FLIGHTS", "STOCKS", "Topic"),
    "views.study": ("Study",),
    "views.view": ("View",),
    "web.widget": ("widget",),
}
_HOMES: Final = {name: module for module, names in _MODULES.items() for name in names}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"stockstream.{_HOMES[name]}"), name)
    if name in __all__:
        return import_module(f"stockstream.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
