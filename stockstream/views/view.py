"""View: the declaration of a consumer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from stockstream.indicators.catalog import AnyParameter
from stockstream.topics import AnyTopic
from stockstream.views.fold import FoldMaker
from stockstream.views.marks import Panel
from stockstream.views.tiles import Tile

R = TypeVar("R")


@dataclass(frozen=True)
class View(Generic[R]):
    """Declaration of a window: the topic that it reads, the fold that it keeps, and how it is drawn.

    ``record`` is the type to which a message is decoded, the topic's own or one with fewer fields; ``gather`` converts
    records, on the reading thread, to what the fold takes instead. With ``layout`` "one" the window shows one key at a
    time (n and b switch), with "all" every key at once. A ``keyed`` view reads only the keys it shows; one that is not
    keeps all of them, as it compares them. ``choice`` describes the default keys. ``title`` may
    name parameters in braces: ``Bollinger Bands ({period}, {width:g})``. One with ``tiles`` has no panels: it is a
    dashboard, and its fold has `tables`.
    """

    name: str
    help: str
    topic: AnyTopic
    record: type[R]
    fold: FoldMaker[Any]
    title: str
    panels: tuple[Panel, ...] = ()
    key_name: str = "symbol"
    layout: Literal["one", "all"] = "one"
    keyed: bool = True
    choice: str = "all"
    gather: Callable[[Sequence[R]], list[Any]] | None = None
    parameters: tuple[AnyParameter, ...] = ()
    tiles: tuple[Tile, ...] = ()


AnyView: TypeAlias = View[Any]
"""A view of some record. Python's types cannot say "of one record, whichever it is", which a mapping of views needs."""
