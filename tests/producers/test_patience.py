"""Pauses between two requests to a source, and after a failed one."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from stockstream.errors import RateLimited, Unavailable
from stockstream.producers.patience import Limiter, Patience, retry_after
from tests.producers.manual_clock import ManualClock


def test_requests_keep_their_distance() -> None:
    manual_clock = ManualClock()
    limiter = Limiter(0.5, manual_clock.clock)
    at: list[float] = []
    for thinking in (0.0, 0.25, 3.0, 0.0):
        limiter.wait()
        at.append(manual_clock.slept)
        manual_clock.slept += thinking
    assert [later - earlier for earlier, later in pairwise(at)] == [0.5, 0.5, 3.0]


@pytest.mark.parametrize(
    ("attempt", "error", "least", "most"),
    [
        (1, Unavailable("away"), 2.0, 4.0),
        (3, Unavailable("away"), 8.0, 10.0),
        (9, Unavailable("away"), 60.0, 60.0),
        (1, RateLimited("refused"), 30.0, 60.0),
        (1, RateLimited("refused", retry_after=7.0), 7.0, 9.0),
        (1, RateLimited("refused", retry_after=0.0), 0.0, 2.0),
        (1, RateLimited("refused", retry_after=86_400.0), 900.0, 902.0),
    ],
)
def test_a_pause_has_its_bounds_and_some_jitter(
    attempt: int, error: RateLimited | Unavailable, least: float, most: float
) -> None:
    pauses = {Patience().pause(attempt, error) for _ in range(50)}
    assert least <= min(pauses) <= max(pauses) <= most
    assert (len(pauses) > 1) == (least < most)


def test_a_header_with_a_date_says_the_seconds_up_to_it() -> None:
    now = datetime(2026, 3, 19, 14, 0, tzinfo=UTC)
    assert retry_after("Thu, 19 Mar 2026 14:01:30 GMT", now) == 90.0
    assert retry_after("Thu, 19 Mar 2026 13:00:00 GMT", now) == 0.0
    assert retry_after(None, now) is None
