"""Web hook, against a real server: signature, ids, answers, and no secret in any error."""

from __future__ import annotations

import msgspec
import pytest

from stockstream.alerts.sinks.sink import Setup
from stockstream.alerts.sinks.webhook import Webhook, signature, verified
from stockstream.errors import ConfigError, SinkError, SinkRefused
from stockstream.topics import ALERTS
from tests.alerts.numbered import alert
from tests.alerts.receiver import SECRET, receiver

ENVIRON = {"ALERTS_WEBHOOK_SECRET": SECRET}


def hook(url: str, **options: object) -> Webhook:
    return Webhook(Setup("webhook", {"url": url, **options}, environ=ENVIRON))


def test_an_alert_arrives_signed_as_json_with_its_id() -> None:
    with receiver() as there:
        hook(there.url).send(alert(1))
    assert there.heeded == [alert(1).id]
    assert there.unsigned == 0
    (body,) = there.bodies[alert(1).id]
    assert ALERTS.decoder()(body) == alert(1)
    assert msgspec.json.decode(body)["symbol"] == "AAPL"


def test_a_signature_is_of_the_secret_the_time_the_id_and_the_body() -> None:
    good = signature(b"secret", "1790000000", '"1"', b"{}")
    assert verified(b"secret", "1790000000", '"1"', b"{}", good, now=1790000000)
    assert not verified(b"other", "1790000000", '"1"', b"{}", good, now=1790000000)
    assert not verified(b"secret", "1790000001", '"1"', b"{}", good, now=1790000000)
    assert not verified(b"secret", "1790000000", '"2"', b"{}", good, now=1790000000)
    assert not verified(b"secret", "1790000000", '"1"', b"{ }", good, now=1790000000)
    assert not verified(b"secret", "1790000000", '"1"', b"{}", good, now=1790000400)
    assert not verified(b"secret", "now", '"1"', b"{}", good, now=1790000000)
    assert not verified(b"secret", "1790000000", '"1"', b"{}", "sha256=é", now=1790000000)


@pytest.mark.parametrize("status", [301, 401, 404, 409, 429, 500, 503])
def test_what_another_attempt_may_change_is_tried_again(status: int) -> None:
    with receiver() as there:
        there.status = lambda identity, attempt: status
        with pytest.raises(SinkError, match=f"answers {status}") as caught:
            hook(there.url).send(alert())
    assert not isinstance(caught.value, SinkRefused)


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_refusal_of_the_alert_itself_is_none(status: int) -> None:
    with receiver() as there:
        there.status = lambda identity, attempt: status
        with pytest.raises(SinkRefused, match=f"answers {status}"):
            hook(there.url).send(alert())


def test_the_time_that_the_receiver_asks_for_is_passed_on() -> None:
    with receiver() as there:
        there.status, there.headers = (lambda identity, attempt: 429), {"Retry-After": "7"}
        with pytest.raises(SinkError) as caught:
            hook(there.url).send(alert())
    assert caught.value.retry_after == 7.0


def test_no_error_names_the_path_or_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "stockstream")
    with receiver() as there:
        url = there.url
        there.status = lambda identity, attempt: 500
        with pytest.raises(SinkError) as refused:
            hook(url).send(alert())
    with pytest.raises(SinkError) as away:
        hook(url, timeout=1.0).send(alert())
    for text in (str(refused.value), str(away.value), caplog.text):
        assert "canary" not in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "canary"}, "the url is not an address"),
        ({"url": "ftp://canary@example.org"}, "the url is not an address"),
        ({}, "set ALERTS_WEBHOOK_URL"),
        ({"url": "https://example.org", "secret": "canary"}, "unknown key secret"),
        ({"url": "https://example.org", "timeout": "canary"}, "timeout: expected `float`"),
    ],
)
def test_a_wrong_option_is_named_and_not_quoted(options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Webhook(Setup("webhook", options, environ=ENVIRON))
    assert said in str(caught.value)
    assert "canary" not in str(caught.value)


def test_without_a_secret_it_says_where_one_belongs() -> None:
    with pytest.raises(ConfigError, match=r"set ALERTS_OPS_SECRET, or alerts\.sink_options\.ops\.secret_file"):
        Webhook(Setup("ops", {"url": "https://example.org"}, environ={}))
