"""Web hook: a signed POST of JSON to an address of the user.

The request has these headers::

    Idempotency-Key: "ID"                     the alert's; the same in every repeat
    X-Stockstream-Timestamp: 1790000000       seconds since 1970, when it was sent
    X-Stockstream-Signature: sha256=HEX       HMAC-SHA-256 of TIMESTAMP.KEY.BODY with the secret

KEY is the value of Idempotency-Key as it was sent, with its quotes. A receiver computes the signature over the bytes
that it received, compares in constant time, refuses a timestamp that is minutes old, and ignores an id that it has.
`verified` does the first three.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from typing import Final

import httpx
import msgspec

from stockstream.alerts.delivery import delivery_id
from stockstream.alerts.sinks.sink import SETTING, Setup
from stockstream.errors import ConfigError, SinkError, SinkRefused
from stockstream.producers.patience import retry_after
from stockstream.records import Alert
from stockstream.topics import ALERTS
from stockstream.version import VERSION

TIMESTAMP: Final = "X-Stockstream-Timestamp"
SIGNATURE: Final = "X-Stockstream-Signature"
IDEMPOTENCY: Final = "Idempotency-Key"

_REFUSALS: Final = frozenset({400, 413, 415, 422})
"""Answers about the alert itself; all others may be about the moment or the settings."""

_OLDEST: Final = 300.0

# It logs each address, and an address may hold a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)


class Options(msgspec.Struct, frozen=True):
    """``url``, or ``url_file`` or the environment where the address is a secret itself; ``secret_file`` of the
    signatures, which ``sign: false`` leaves out; ``timeout`` in seconds."""

    url: str | None = None
    url_file: str | None = None
    secret_file: str | None = None
    sign: bool = True
    timeout: float = 10.0


class Webhook:
    """Posts alerts to an address.

    Raises
    ------
    ConfigError
        There is no address, or no secret.
    """

    def __init__(self, setup: Setup) -> None:
        options = setup.read(Options)
        self._url = _address(setup, options.url or setup.required("url", options.url_file))
        self._place = f"{self._url.scheme}://{self._url.host}" + (f":{self._url.port}" if self._url.port else "")
        self._secret = setup.required("secret", options.secret_file).encode() if options.sign else b""
        self._client = httpx.Client(timeout=options.timeout, headers={"User-Agent": f"stockstream/{VERSION}"})
        self._timeout = options.timeout

    def send(self, alert: Alert) -> None:
        """As `Sink.send`."""
        body = ALERTS.encode(alert)
        stamp, key = str(int(time.time())), f'"{delivery_id(alert)}"'
        headers = {"Content-Type": "application/json", IDEMPOTENCY: key, TIMESTAMP: stamp}
        if self._secret:
            headers[SIGNATURE] = signature(self._secret, stamp, key, body)
        try:
            answer = self._client.post(self._url, content=body, headers=headers)
        except httpx.TimeoutException:
            raise SinkError(f"{self._place} does not answer within {self._timeout:g} s") from None
        except httpx.HTTPError as error:
            raise SinkError(f"{self._place} cannot be reached ({type(error).__name__})") from None
        self._check(answer)

    def _check(self, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        said = (
            f"{self._place} answers {answer.status_code} {httpx.codes.get_reason_phrase(answer.status_code)}".rstrip()
        )
        if answer.status_code in _REFUSALS:
            raise SinkRefused(said)
        raise SinkError(said, retry_after=retry_after(answer.headers.get("retry-after")))


def signature(secret: bytes, timestamp: str, key: str, body: bytes) -> str:
    """The signature of a request with this Idempotency-Key.

    >>> signature(b"secret", "1790000000", '"99576589614f3b83"', b"{}")
    'sha256=f99a1563fb4ef170593550098fa84afac1e12fa9e257a7d7f15d7cbeb70c9337'
    """
    signed = b".".join((timestamp.encode(), key.encode(), body))
    return "sha256=" + hmac.new(secret, signed, hashlib.sha256).hexdigest()


def verified(secret: bytes, timestamp: str, key: str, body: bytes, given: str, *, now: float | None = None) -> bool:
    """Whether a request that a receiver got is ours, and not older than five minutes.

    >>> good = signature(b"secret", "1790000000", '"1"', b"{}")
    >>> verified(b"secret", "1790000000", '"1"', b"{}", good, now=1790000060)
    True
    >>> verified(b"secret", "1790000000", '"2"', b"{}", good, now=1790000060)
    False
    >>> verified(b"secret", "1790000000", '"1"', b"{}", good, now=1790001000)
    False
    """
    if not timestamp.isascii() or not timestamp.isdecimal():
        return False
    recent = abs((time.time() if now is None else now) - int(timestamp)) <= _OLDEST
    return hmac.compare_digest(signature(secret, timestamp, key, body).encode(), given.encode()) and recent


def _address(setup: Setup, text: str) -> httpx.URL:
    """Raises ConfigError, which does not quote the address."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigError(f"{SETTING}.{setup.name}: the url is not an address such as https://example.org/hook")
    return url
