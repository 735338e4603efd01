"""The moment at which Yahoo is asked, and the question."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from stockstream.producers.final_bars import Answer

EVENING = datetime(2026, 3, 19, 22, 0, tzinfo=UTC)

Ask = Callable[..., Answer]
