"""Every model that can be made without parameters."""

from __future__ import annotations

from typing import Any

from stockstream.indicators.catalog import catalog
from stockstream.models import Model

MODELS: dict[str, type[Model[Any]]] = {name: kind for name, kind in catalog().items() if issubclass(kind, Model)}
