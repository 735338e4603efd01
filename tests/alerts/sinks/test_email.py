"""E-mail, against a real server: over TLS alone, and a repeat has the same Message-ID."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from stockstream.alerts.sinks.email import Email
from stockstream.alerts.sinks.sink import Setup
from stockstream.errors import ConfigError, SinkError, SinkRefused
from stockstream.kafka.broker import free_port
from tests.alerts.numbered import alert

PASSWORD = "canary-of-the-mail"


class Box:
    """Keeps mails, after an answer that it is told."""

    def __init__(self) -> None:
        self.answer = "250 OK"
        self.refused: dict[str, str] = {}
        self.receivers: list[list[str]] = []
        self.mails: list[Message] = []
        self.encrypted: list[bool] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address not in self.refused:
            envelope.rcpt_tos.append(address)
        return self.refused.get(address, "250 OK")

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.encrypted.append(session.ssl is not None)
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.receivers.append(envelope.rcpt_tos)
            self.mails.append(message_from_bytes(envelope.content))
        return self.answer


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@contextmanager
def server(authority: trustme.CA, *, starttls: bool = True, utf8: bool = True) -> Iterator[tuple[Box, int]]:
    """A mail server of this machine that takes mails of a user, after STARTTLS."""
    box, context = Box(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def known(server: SMTP, session: Session, envelope: Envelope, mechanism: str, who: object) -> AuthResult:
        right = isinstance(who, LoginPassword) and who.password == PASSWORD.encode()
        return AuthResult(success=right, handled=False)

    controller = Controller(
        box,
        "127.0.0.1",
        free_port(),
        authenticator=known,
        auth_required=starttls,
        auth_require_tls=starttls,
        require_starttls=starttls,
        tls_context=context if starttls else None,
        enable_SMTPUTF8=utf8,
    )
    controller.start()
    try:
        yield box, controller.port
    finally:
        controller.stop()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


def mail(port: int, password: str = PASSWORD, **options: Any) -> Email:
    given: dict[str, object] = {
        "host": "127.0.0.1",
        "port": port,
        "sender": "me@example.org",
        "to": ["you@example.org"],
    }
    return Email(Setup("email", given | {"user": "me"} | options, environ={"ALERTS_EMAIL_PASSWORD": password}))


def test_a_mail_arrives_encrypted_and_a_repeat_has_the_same_message_id(authority: trustme.CA, ca_file: str) -> None:
    with server(authority) as (box, port):
        sink = mail(port, ca_file=ca_file)
        for each in (alert(1), alert(1), alert(2), alert(1, state="withdrawn")):
            sink.send(each)
    first, again, other, withdrawn = box.mails
    assert box.encrypted == [True] * 4
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert first["Subject"] == "AAPL: high"
    assert "AAPL close > 180: close 181.25 (2026-03-02 14:32 UTC)" in first.get_payload()
    assert withdrawn["Message-ID"] not in {first["Message-ID"], other["Message-ID"]}
    assert withdrawn["In-Reply-To"] == first["Message-ID"]


def test_names_from_a_topic_add_no_header(authority: trustme.CA, ca_file: str) -> None:
    with server(authority) as (box, port):
        mail(port, ca_file=ca_file).send(alert(1, symbol="EV\r\nBcc: all@example.org\x1b", text="a\nb"))
    assert box.mails[0]["Bcc"] is None
    assert box.mails[0]["Subject"] == r"EV Bcc: all@example.org\u001b: high"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [("451 later", SinkError), ("550 no", SinkError), ("554 spam", SinkRefused), ("552 too large", SinkRefused)],
)
def test_what_the_server_answers(authority: trustme.CA, ca_file: str, answer: str, kind: type[SinkError]) -> None:
    with server(authority) as (box, port):
        box.answer = answer
        with pytest.raises(SinkError, match=f"127.0.0.1:{port} answers {answer[:3]}") as caught:
            mail(port, ca_file=ca_file).send(alert())
    assert type(caught.value) is kind


TO = ["a@example.org", "b@example.org", "c@example.org"]


def test_who_did_not_get_a_mail_gets_it_at_the_next_attempt_and_the_others_do_not(
    authority: trustme.CA, ca_file: str
) -> None:
    with server(authority) as (box, port):
        sink = mail(port, ca_file=ca_file, to=TO)
        box.refused = {"b@example.org": "450 later"}
        with pytest.raises(SinkError, match=r"refuses b@example.org \(450\), the other receivers") as caught:
            sink.send(alert(1))
        assert not isinstance(caught.value, SinkRefused)
        with pytest.raises(SinkError, match=r"refuses b@example.org \(450\), the other receivers"):
            sink.send(alert(1))
        box.refused = {}
        sink.send(alert(1))
        sink.send(alert(2))
    assert box.receivers == [["a@example.org", "c@example.org"], ["b@example.org"], TO]
    assert box.mails[0]["Message-ID"] == box.mails[1]["Message-ID"]


def test_a_receiver_who_is_refused_for_good_is_said_and_holds_up_no_mail(authority: trustme.CA, ca_file: str) -> None:
    with server(authority) as (box, port):
        sink = mail(port, ca_file=ca_file, to=TO)
        box.refused = {"b@example.org": "550 no such user", "c@example.org": "451 later"}
        with pytest.raises(SinkError) as caught:
            sink.send(alert(1))
        assert not isinstance(caught.value, SinkRefused)
        del box.refused["c@example.org"]
        with pytest.raises(SinkRefused, match=r"refuses b@example.org \(550\), the other receivers have the mail"):
            sink.send(alert(1))
    assert box.receivers == [["a@example.org"], ["c@example.org"]]


def test_what_a_server_does_not_offer_is_named(authority: trustme.CA, ca_file: str) -> None:
    with server(authority, utf8=False) as (_, port):
        with pytest.raises(SinkError, match="it takes no addresses with letters beyond ASCII"):
            mail(port, ca_file=ca_file, to=["jürgen@example.org"]).send(alert())
        with pytest.raises(SinkError, match="it offers no login"):
            mail(port, security="none").send(alert())


def test_nothing_is_sent_to_a_server_without_tls_or_of_an_unknown_authority(
    authority: trustme.CA, ca_file: str
) -> None:
    with server(authority, starttls=False) as (box, port):
        with pytest.raises(SinkError, match="it offers no STARTTLS"):
            mail(port, ca_file=ca_file).send(alert())
        assert box.mails == []
        mail(port, security="none", user=None).send(alert())
        assert len(box.mails) == 1
    with server(authority) as (box, port):
        with pytest.raises(SinkError, match="its certificate is not trusted"):
            mail(port).send(alert())
        assert box.mails == []


def test_a_wrong_password_is_said_and_not_shown(authority: trustme.CA, ca_file: str) -> None:
    with server(authority) as (_, port), pytest.raises(SinkError) as caught:
        mail(port, "canary-wrong", ca_file=ca_file).send(alert())
    assert "refuses the user or the password" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_the_password_may_be_in_a_file_that_only_its_owner_reads(authority: trustme.CA, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by others"):
        mail(25, "", password_file=str(file))
    file.chmod(0o600)
    mail(25, "", password_file=str(file))
    with pytest.raises(ConfigError, match="set ALERTS_EMAIL_PASSWORD"):
        mail(25, "")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"host": "mail.example.org", "security": "none"}, "none is for a server on this machine only"),
        ({"sender": "me"}, "sender: expected"),
        ({"to": []}, "to: expected"),
        ({"pasword": PASSWORD}, "unknown key pasword"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        mail(25, **options)
    assert said in str(caught.value)
    assert PASSWORD not in str(caught.value)
