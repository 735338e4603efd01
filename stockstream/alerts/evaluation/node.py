"""Base class of nodes: the parts of rules at work over one series, each computed once a bar for all rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from stockstream.views.bars import Row

Saved: TypeAlias = Any
"""What a node keeps between two bars: numbers, texts, None, tuples and dicts of them, as MessagePack takes them."""


class TopicValues(msgspec.Struct, frozen=True):
    """The present values of topics, by topic and field; None for one that is not known."""

    time: datetime
    values: Mapping[tuple[str, str], float | None]


V = TypeVar("V")
S = TypeVar("S")

Input: TypeAlias = Row | TopicValues
"""What a node takes: a bar, or of rules about topics their values."""


class Node(Generic[V]):
    """A part of a rule over one series: after each step its ``value`` is that at the bar.

    A value is None where it is undefined: while an indicator warms up, at a doubtful bar, after a division by zero.
    Nodes are stepped in an order in which those that a node reads come first.
    """

    __slots__ = ("value",)

    value: V | None

    def __init__(self) -> None:
        self.value = None

    def step(self, row: Input, doubts: int) -> None:
        """Take the next bar; ``doubts`` are its doubtful fields as of `stockstream.views.bars.bits`."""
        raise NotImplementedError


class KeepingNode(Node[V], Generic[V, S]):
    """A node that keeps something between two bars."""

    __slots__ = ()

    def snapshot(self) -> S:
        """What it keeps; later steps do not change it."""
        raise NotImplementedError

    def back(self, snapshot: S) -> None:
        """Go on from a snapshot, which stays as it is."""
        raise NotImplementedError

    def saved(self, snapshot: S) -> Saved:
        """A snapshot for a checkpoint."""
        return snapshot

    def restored(self, saved: Saved) -> S:
        """The snapshot of a checkpoint. Raises ValueError, TypeError or LookupError for what is none."""
        found: S = saved
        return found


SomeNode: TypeAlias = Node[Any]
"""A node of some value: a rule has nodes of all kinds."""
