"""Interface between a window and its data source: the protocol that a consumer implements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from stockstream.views.fold import AnyFold, Parameters
from stockstream.views.status import Status
from stockstream.views.view import AnyView


class Model(Protocol):
    """A view, its fold, and a way to take new records.

    The creator of a model closes it; windows and pictures only read it.
    """

    @property
    def view(self) -> AnyView:
        """The declaration of what is shown."""

    @property
    def fold(self) -> AnyFold:
        """The fold of all records so far."""

    @property
    def parameters(self) -> Parameters:
        """Values of the view's parameters, named in its title."""

    def tick(self) -> bool:
        """Take new records without blocking; returns whether the fold changed."""

    def status(self) -> Status:
        """Current status of the consumer."""

    @property
    def finished(self) -> bool:
        """Whether to end; checked before a `tick`, after which the last picture is drawn."""


class LiveModel(Model, Protocol):
    """A model that announces new records, as a window needs it."""

    def listen(self, arrived: Callable[[], None]) -> None:
        """Have a function called, on any thread, when there is something new for `tick`."""
