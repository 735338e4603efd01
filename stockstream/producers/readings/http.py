"""Readings of a web service: an endpoint that answers with JSON, polled repeatedly."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import wait
from typing import Final

import httpx
import msgspec

from stockstream.errors import BadRow, RateLimited, SourceError, Unavailable
from stockstream.names import cut
from stockstream.producers.background import Background
from stockstream.producers.clock import SYSTEM, Clock
from stockstream.producers.patience import USUAL, Patience, retry_after
from stockstream.producers.readings.fields import Document, Extractor, Missing
from stockstream.producers.readings.reading import Place, Reading
from stockstream.producers.reporter import Reporter
from stockstream.version import VERSION

MOST: Final = 8_000_000
"""Maximum number of bytes of an answer."""

TIMEOUT: Final = 10.0
_BEAT: Final = 0.1
_TOO_MANY: Final = 429
_SERVER: Final = 500
_CLIENT: Final = 400


class Endpoint:
    """A web service that is queried by GET.

    Parameters
    ----------
    url
        Its address: http or https. Proxies and certificates are those of the environment (``HTTPS_PROXY``,
        ``SSL_CERT_FILE``).
    """

    def __init__(self, url: str) -> None:
        try:
            self.url = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise SourceError(f"{cut(url)} is not an address: {error}") from error
        if self.url.scheme not in ("http", "https") or not self.url.host:
            raise SourceError(f"{cut(url)} is not an address such as https://api.open-meteo.com/v1/forecast")
        self.name = f"{self.url.scheme}://{self.url.netloc.decode()}{self.url.path}"
        self._client = httpx.Client(
            follow_redirects=True, timeout=TIMEOUT, headers={"User-Agent": f"stockstream/{VERSION}"}
        )

    def get(self) -> bytes:
        """Send one request.

        Raises
        ------
        RateLimited, Unavailable
            Another attempt may succeed.
        SourceError
            Another attempt cannot succeed.
        """
        try:
            with self._client.stream("GET", self.url) as answer:
                self._check(answer)
                body = b""
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > MOST:
                        raise SourceError(f"{self.name} answers with more than {MOST:,} bytes")
        except (httpx.UnsupportedProtocol, httpx.TooManyRedirects) as error:
            raise SourceError(f"{self.name} cannot be asked: {error}") from error
        except httpx.TimeoutException as error:
            raise Unavailable(f"{self.name} does not answer within {TIMEOUT:.0f} s") from error
        except httpx.HTTPError as error:
            raise Unavailable(f"{self.name} cannot be reached: {str(error) or type(error).__name__}") from error
        return body

    def _check(self, answer: httpx.Response) -> None:
        status = answer.status_code
        said = f"{self.name} answers {status} {answer.reason_phrase}".rstrip()
        if status == _TOO_MANY:
            raise RateLimited(said, retry_after=retry_after(answer.headers.get("retry-after")))
        if status >= _SERVER:
            raise Unavailable(said)
        if status >= _CLIENT:
            raise SourceError(said, hint="check the address and what it asks for")

    def close(self) -> None:
        """Close its connections."""
        self._client.close()


class EndpointReadings:
    """The readings of an endpoint, polled at a fixed interval.

    Iterating yields a `Reading`, a `BadRow` for an answer without a reading after one with readings, and a None ten
    times a second meanwhile. If the service is down or limits the rate, this is reported and waited for.

    Parameters
    ----------
    endpoint
        The service.
    extractor
        Extracts the readings from an answer.
    every
        Seconds between two requests.
    reporter
        Receives messages for the user.
    patience
        Pauses before another attempt after an error.
    clock
        The clock to read and to wait with.

    Attributes
    ----------
    doing : str
        Reason of the present wait, if it is not for the next answer.

    Raises
    ------
    SourceError
        While iterating: after a permanent error; for a first answer without readings.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        extractor: Extractor,
        every: float,
        *,
        reporter: Reporter,
        patience: Patience = USUAL,
        clock: Clock = SYSTEM,
    ) -> None:
        self.doing = ""
        self._endpoint = endpoint
        self._extractor = extractor
        self._every = every
        self._reporter = reporter
        self._patience = patience
        self._clock = clock
        self._answers = 0
        self._failures = 0

    def __iter__(self) -> Iterator[Reading | BadRow | None]:
        clock = self._clock
        with Background() as background:
            due = clock.monotonic()
            while True:
                yield from clock.wait_until(due)
                begun = clock.monotonic()
                answer = background.submit(self._endpoint.get)
                while not wait((answer,), _BEAT).done:
                    yield None
                try:
                    found = self._read(answer.result())
                except (RateLimited, Unavailable) as error:
                    self._failures += 1
                    pause = max(self._every, self._patience.pause(min(self._failures, 10), error))
                    self._tell(error, pause)
                    due = clock.monotonic() + pause
                else:
                    if self._failures:
                        self._reporter.note(f"{self._endpoint.name} answers again")
                    self._failures, self.doing = 0, ""
                    yield from found
                    # In step with the first request, unless it was late by complete intervals.
                    due = max(begun + self._every, due + self._every if due + self._every > begun else 0.0)

    def _read(self, body: bytes) -> list[Reading | BadRow]:
        """The readings of an answer. Raises Unavailable for invalid JSON, as from a service under maintenance."""
        try:
            document: Document = msgspec.json.decode(body)
        except msgspec.DecodeError as error:
            raise Unavailable(f"{self._endpoint.name} answers with what is not JSON: {error}") from error
        self._answers += 1
        place = Place(self._endpoint.name, None, body)
        try:
            return list(self._extractor.readings(document, self._clock.now(), place))
        except Missing as error:
            if self._answers == 1:
                raise SourceError(f"{self._endpoint.name}: {error}", hint="say where it is with --value") from error
            return [self._bad(place, error)]
        except ValueError as error:
            return [self._bad(place, error)]

    def _bad(self, place: Place, error: ValueError) -> BadRow:
        key = f"{place.name}/{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
        return BadRow(place.name, None, None, str(error), raw=place.raw, key=key)

    def _tell(self, error: RateLimited | Unavailable, pause: float) -> None:
        """Report an error once, however long it lasts."""
        doing = error.message.partition(" (")[0]
        if doing != self.doing:
            self._reporter.warn(f"{error.message}; trying again in {pause:.0f} s")
        self.doing = doing
