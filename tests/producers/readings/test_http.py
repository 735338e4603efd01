"""Readings of a web service over TLS: a stand-in of ours, also with bad answers."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from stockstream.errors import BadRow, SourceError
from stockstream.producers.patience import Patience
from stockstream.producers.readings.fields import Extractor, Fields, Value
from stockstream.producers.readings.http import Endpoint, EndpointReadings
from stockstream.producers.readings.reading import Reading
from tests.producers.readings.test_files import Messages

DROP = "drop"
"""A fault: the connection is closed without an answer."""

CUT = "cut"
"""A fault: the answer ends in its middle."""

QUICK = Patience(first=0.0, longest=0.0, refused=0.0)


@dataclass
class Service:
    """A web service: what it answers in turn (a status, a fault or a body), over and over the last of them."""

    url: str = ""
    answers: list[int | str] = field(default_factory=list)
    asked: int = 0

    def next(self) -> int | str:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serving(context: ssl.SSLContext | None) -> Iterator[Service]:
    """A service at an address of its own."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = service.next()
            if answer == DROP:
                self.close_connection = True
                return
            status, body = (answer, b"") if isinstance(answer, int) else (200, answer.encode())
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "0")
            if status == 302:
                self.send_header("Location", "/elsewhere")
            length = len(body) + 100 if answer == CUT else len(body)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = answer == CUT

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    service.url = f"http{'s' if context else ''}://localhost:{server.server_port}/v1/forecast?key=SECRET"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def service() -> Iterator[Service]:
    with serving(None) as service:
        yield service


def answer(value: object, time: str = "2026-03-19T12:00") -> str:
    return json.dumps({"current": {"time": time, "t": value}})


class Asking:
    """Asks a service, and keeps what comes of it."""

    def __init__(self, service: Service) -> None:
        self.reported = Messages()
        fields = Fields((Value("current.t", "°C"),), time="current.time", named="BERLIN")
        self.readings = EndpointReadings(
            Endpoint(service.url), Extractor(fields), 0.01, reporter=self.reported, patience=QUICK
        )

    def until(self, count: int) -> list[Reading | BadRow]:
        """The next items, Nones apart."""
        found: list[Reading | BadRow] = []
        for item in self.readings:
            if item is not None:
                found.append(item)
            if len(found) == count:
                break
        return found


def values(items: list[Reading | BadRow]) -> list[float | str]:
    return [item.value if isinstance(item, Reading) else item.reason for item in items]


def test_each_answer_is_a_reading(service: Service) -> None:
    service.answers = [answer(1.5), answer(2.5), answer(3.5)]
    first, *rest = Asking(service).until(3)
    assert isinstance(first, Reading)
    assert (first.symbol, first.time.isoformat(), first.unit) == ("BERLIN", "2026-03-19T12:00:00+00:00", "°C")
    assert values(rest) == [2.5, 3.5]


@pytest.mark.parametrize("fault", [429, 500, 503, DROP, CUT, "<html>"])
def test_a_service_in_trouble_is_reported_once_and_asked_again(service: Service, fault: int | str) -> None:
    service.answers = [answer(1.0), fault, fault, answer(2.0)]
    asking = Asking(service)
    assert values(asking.until(2)) == [1.0, 2.0]
    first, last = asking.reported.lines
    assert "trying again" in first
    assert last.endswith("answers again")
    assert "SECRET" not in first + last


@pytest.mark.parametrize(("status", "result"), [(404, "404 Not Found"), (401, "401"), (302, "redirects")])
def test_what_will_not_become_better_ends_it_in_a_line(service: Service, status: int, result: str) -> None:
    service.answers = [status]
    with pytest.raises(SourceError, match=result) as raised:
        Asking(service).until(1)
    assert "SECRET" not in str(raised.value)


def test_a_path_that_is_not_there_is_an_error_at_first_and_later_a_refused_answer(service: Service) -> None:
    service.answers = [json.dumps({"current": {"temperature": 1}})]
    with pytest.raises(SourceError, match=r"no current.t \(there is current"):
        Asking(service).until(1)
    service.answers = [answer(1.0), json.dumps({"error": "maintenance"}), answer("high"), answer(2.0)]
    one, missing, wrong, two = Asking(service).until(4)
    assert values([one, two]) == [1.0, 2.0]
    assert isinstance(missing, BadRow)
    assert isinstance(wrong, BadRow)
    assert missing.raw == b'{"error": "maintenance"}'
    assert wrong.reason == "'high' is not a number"


def test_certificates_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with serving(context) as service:
        service.answers = [answer(1.0)]
        refused = Asking(service)
        items = iter(refused.readings)
        while not refused.reported.lines:
            next(items)
        assert "certificate" in refused.reported.lines[0].lower()
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert values(Asking(service).until(1)) == [1.0]


@pytest.mark.parametrize("url", ["ftp://x/y", "localhost", "http://", "http://[::1", ""])
def test_what_is_no_address_is_reported_at_once(url: str) -> None:
    with pytest.raises(SourceError, match="is not an address"):
        Endpoint(url)
