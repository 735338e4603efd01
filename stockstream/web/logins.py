"""Limits of logins: so many failures a name and an address, then a pause."""

from __future__ import annotations

from typing import Final

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_A_NAME: Final = parse("5/minute")
_AN_ADDRESS: Final = parse("20/minute")


class Logins:
    """Counts failed logins, in memory: a new start of the server forgets them."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def may_try(self, name: str, address: str) -> bool:
        """Whether a login may be tried now."""
        return self._limiter.test(_A_NAME, "name", name.lower()) and self._limiter.test(_AN_ADDRESS, "address", address)

    def failed(self, name: str, address: str) -> None:
        """Count a failed login."""
        self._limiter.hit(_A_NAME, "name", name.lower())
        self._limiter.hit(_AN_ADDRESS, "address", address)
