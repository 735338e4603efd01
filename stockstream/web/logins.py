"""Logins: so many failures a name and an address, then a pause; and the threads that hash passwords."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

T = TypeVar("T")

_A_NAME: Final = parse("5/minute")
_AN_ADDRESS: Final = parse("20/minute")
_HASHERS: Final = 2
"""Passwords hashed at once: each takes 64 MiB and a core, and nobody else waits for them."""


class Logins:
    """Counts failed logins, in memory: a new start of the server forgets them.

    A login that runs counts as if it had failed, so that many at once try no more passwords than one after another.
    """

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._running: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()
        self._hashers = ThreadPoolExecutor(_HASHERS, thread_name_prefix="passwords")

    def begin(self, name: str, address: str) -> bool:
        """Whether a login may be tried now; if so, `end` says how it ended."""
        with self._lock:
            keys = _keys(name, address)
            if not all(self._limiter.test(limit, *key, cost=self._running[key] + 1) for limit, key in keys):
                return False
            self._running.update(key for _, key in keys)
            return True

    def end(self, name: str, address: str, *, failed: bool) -> None:
        """Count a login of `begin`: one that failed is held against the name and the address."""
        with self._lock:
            for limit, key in _keys(name, address):
                self._running[key] -= 1
                if not self._running[key]:
                    del self._running[key]
                if failed:
                    self._limiter.hit(limit, *key)

    async def hashing(self, work: Callable[[], T]) -> T:
        """Do what hashes a password, on a thread of its own. Raises what the work raises."""
        return await asyncio.get_running_loop().run_in_executor(self._hashers, work)


def _keys(name: str, address: str) -> tuple[tuple[RateLimitItem, tuple[str, str]], ...]:
    return (_A_NAME, ("name", name.lower())), (_AN_ADDRESS, ("address", address))
