"""Every view there is, by name. A new window is its own file and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stockstream.consumers import aroon, bollinger, flights
from stockstream.views.view import View

VIEWS: Final[Mapping[str, View[Any]]] = {
    view.name: view
    for view in (
        bollinger.VIEW,
        aroon.VIEW,
        flights.VIEW,
    )
}
