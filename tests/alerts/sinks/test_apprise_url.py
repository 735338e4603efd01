"""Apprise: a real web hook through its ``json://``, and no address in any error or log."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from stockstream.alerts.sinks.apprise_url import AppriseUrl
from stockstream.alerts.sinks.sink import Setup
from stockstream.errors import ConfigError, SinkError
from tests.alerts.numbered import alert

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise's own


@contextmanager
def service() -> Iterator[tuple[int, list[dict[str, str]], list[int]]]:
    """A service: its port, what it got, and the answers that it is to give first."""
    got: list[dict[str, str]] = []
    answers: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers.pop(0) if answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port, got, answers
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sink(urls: str) -> AppriseUrl:
    return AppriseUrl(Setup("apprise", environ={"ALERTS_APPRISE_URL": urls}))


def test_an_alert_arrives() -> None:
    with service() as (port, got, _):
        sink(f"json://user:canary@127.0.0.1:{port}/").send(alert(1))
    assert [(each["title"], each["message"]) for each in got] == [
        ("AAPL: high", "AAPL close > 180: close 181.25 (2026-03-02 14:32 UTC)")
    ]


def test_an_address_that_fails_is_asked_again_alone() -> None:
    with service() as (good, got, _), service() as (bad, tried, answers):
        answers.append(500)
        both = sink(f"json://127.0.0.1:{good}/ json://127.0.0.1:{bad}/")
        with pytest.raises(SinkError, match=r"the alert sink apprise did not take the alert \(address 2\)"):
            both.send(alert(1))
        both.send(alert(1))
        assert (len(got), len(tried)) == (1, 2)


def test_no_address_is_ever_shown(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    with service() as (port, _, answers):
        answers.append(500)
        with pytest.raises(SinkError) as caught:
            sink(f"json://user:canary@127.0.0.1:{port}/").send(alert(1))
    with pytest.raises(ConfigError, match="apprise cannot use its address") as wrong:
        sink("nonsense://canary")
    shown = capfd.readouterr()
    named = [record.getMessage() for record in caplog.records if not record.name.startswith("urllib3")]
    assert "canary" not in "".join([str(caught.value), str(wrong.value), *named, shown.out, shown.err])


def test_the_addresses_may_be_in_a_file_of_its_owners(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_text("json://127.0.0.1:9/")
    file.chmod(0o640)
    with pytest.raises(ConfigError, match="can be read by others"):
        AppriseUrl(Setup("apprise", {"url_file": str(file)}, environ={}))
    file.chmod(0o600)
    AppriseUrl(Setup("apprise", {"url_file": str(file)}, environ={}))
    with pytest.raises(ConfigError, match="unknown key url - known here: url_file"):
        AppriseUrl(Setup("apprise", {"url": "json://canary"}, environ={}))


def test_without_apprise_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigError, match=r"needs the package apprise - pip install 'stockstream\[notify\]'"):
        sink("json://127.0.0.1:9/")
