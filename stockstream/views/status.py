"""Status of a consumer, shown in the status bar of its window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np


@dataclass(frozen=True)
class Status:
    """Status of a consumer at one moment.

    ``connected`` says whether the broker answers, ``since`` from when on (UTC). ``waiting`` is what it waits for
    ("topic stocks"), if anything. ``lag`` counts the records between what was shown and the topic's end, None while
    unknown: before reading began, and while the topic's end was last heard of too long ago. ``taken`` counts the
    records since the start, ``rate`` is records/s over the last seconds. ``latest`` is the newest record's index (UTC
    instant or day), ``received`` when the last record arrived. ``note`` is a further message for the user, such as that
    no state is saved. ``counts`` holds the numbers of irregular records.
    """

    connected: bool
    since: datetime
    waiting: str | None = None
    lag: int | None = None
    taken: int = 0
    rate: float = 0.0
    latest: np.datetime64 | None = None
    received: datetime | None = None
    caught_up: bool = False
    note: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
