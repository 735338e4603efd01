"""Interface between a window and its data source: the protocol that a consumer implements."""

from __future__ import annotations

from typing import Any, Protocol

from stockstream.views.fold import Fold
from stockstream.views.status import Status
from stockstream.views.view import Parameters, View


class Model(Protocol):
    """A view, what was folded so far, and a way to take what has arrived.

    Whoever makes a model closes it; windows and pictures only read it.
    """

    @property
    def view(self) -> View[Any]:
        """What is shown and how."""

    @property
    def fold(self) -> Fold[Any]:
        """What the records so far have become."""

    @property
    def parameters(self) -> Parameters:
        """The values of the view's parameters, which its title names."""

    def tick(self) -> bool:
        """Take what has arrived, without blocking; say whether the fold changed."""

    def status(self) -> Status:
        """How the consumer stands now."""

    @property
    def finished(self) -> bool:
        """Whether it is time to end; asked before a `tick`, after which the last picture is drawn."""
