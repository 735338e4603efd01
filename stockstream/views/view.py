"""A view: everything that makes a consumer, as a declaration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from stockstream.topics import Topic
from stockstream.views.fold import FoldMaker, Parameter
from stockstream.views.marks import Panel

R = TypeVar("R")


@dataclass(frozen=True)
class View(Generic[R]):
    """What a window shows: the topic it reads, what it keeps of it and how that is drawn.

    ``record`` is what a message is decoded to, the topic's own record or one with fewer fields. With ``layout``
    "one" the window shows one key at a time (n and b switch), with "all" every key at once. A ``keyed`` view reads only
    the keys it shows; one that is not keeps all of them, as it compares them. ``choice`` says what it
    shows where the user names no key. ``title`` may
    name parameters in braces: ``Bollinger Bands ({period}, {width:g})``.
    """

    name: str
    help: str
    topic: Topic[Any]
    record: type[R]
    fold: FoldMaker[R]
    title: str
    panels: tuple[Panel, ...]
    key_name: str = "symbol"
    layout: Literal["one", "all"] = "one"
    keyed: bool = True
    choice: str = "all there are"
    parameters: tuple[Parameter[Any], ...] = ()
