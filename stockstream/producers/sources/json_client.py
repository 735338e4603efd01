"""HTTP client of sources whose services answer in JSON: one answer, or one of our errors."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from stockstream.errors import RateLimited, Unavailable
from stockstream.producers.patience import Limiter, retry_after

if TYPE_CHECKING:
    import httpx

_TIMEOUT: Final = 20.0
_REFUSALS: Final = frozenset({418, 429})
"""Binance answers 418 to clients that continue after 429."""

_FAILURE: Final = 500

# It logs every address, including the key that some services require in it.
logging.getLogger("httpx").setLevel(logging.WARNING)


class Answer(NamedTuple):
    """An answer without a refusal or a server error."""

    status: int
    content: bytes


class JsonClient:
    """Sends requests to a service.

    Parameters
    ----------
    title
        Name of the service in messages.
    base
        The address that paths begin with.
    spacing
        Minimum number of seconds between two requests.
    """

    def __init__(self, title: str, base: str, spacing: float) -> None:
        self._title = title
        self._base = base
        self._limiter = Limiter(spacing)

    @cached_property
    def _client(self) -> httpx.Client:
        import httpx  # as late as here: `--help` lists all sources, and httpx takes 0.1 s to import

        return httpx.Client(base_url=self._base, timeout=_TIMEOUT, follow_redirects=True)

    def get(self, path: str, params: Mapping[str, str | int]) -> Answer:
        """One answer. Raises `RateLimited`, `Unavailable`, which name no parameter."""
        import httpx

        self._limiter.wait()
        try:
            response = self._client.get(path, params=dict(params))
        except httpx.HTTPError as error:
            what = f"{self._title} cannot be reached ({type(error).__name__}: {error})"
            raise Unavailable(what, hint="is this machine online?") from None
        if response.status_code in _REFUSALS:
            wait = retry_after(response.headers.get("Retry-After"))
            raise RateLimited(f"{self._title} refuses for now (status {response.status_code})", retry_after=wait)
        if response.status_code >= _FAILURE:
            raise Unavailable(f"{self._title} fails (status {response.status_code})")
        return Answer(response.status_code, response.content)
