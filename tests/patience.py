"""Waiting for what comes to be. A time here only ends what hangs: no test rests on it, at any load of the machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

PATIENCE: Final = 150.0
"""Seconds after which something is held to hang: less than a test may take, so that the test says what is missing."""


def until(condition: Callable[[], Any], seconds: float = PATIENCE, *, what: str = "what is waited for") -> Any:
    """The condition's first true value."""
    ends = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < ends, f"{what}: not within {seconds} s"
        time.sleep(0.02)
    return value
