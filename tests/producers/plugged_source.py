"""Sources of other packages: a usable one, and some unusable ones."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from stockstream.producers.bar_source import About, BarSource, Reply, Setup
from stockstream.producers.sources.yahoo import Yahoo


class Plugged(BarSource):
    """A source that has nothing."""

    about: ClassVar[About] = About("plugged", "Plugged", "nothing", "nothing", "none", ("1m",))

    def __init__(self, setup: Setup) -> None:
        self.setup = setup

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:
        return Reply()


class Taken(Plugged):
    """A source of a name that is taken."""

    about: ClassVar[About] = Yahoo.about


class Lacking:
    """A class that is half a source."""

    about: ClassVar[About] = About("lacking", "Lacking", "nothing", "nothing", "none", ("1m",))

    def history(self, symbol: str, interval: str, start: datetime) -> Reply:
        return Reply()


class Strange(Plugged):
    """A source whose usual interval is none of its own."""

    about: ClassVar[About] = About("strange", "Strange", "nothing", "nothing", "none", ("5m",))
