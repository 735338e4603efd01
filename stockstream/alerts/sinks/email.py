"""E-mail through the user's own server, over TLS.

The Message-ID is made from the alert's id, so that a mail that is sent again has the same, and mail programs show one.
"""

from __future__ import annotations

import hashlib
import ipaddress
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Annotated, Final, Literal

import msgspec

from stockstream.alerts.delivery import delivery_id, line, title
from stockstream.alerts.sinks.sink import SETTING, Setup
from stockstream.errors import ConfigError, SinkError, SinkRefused
from stockstream.records import Alert

_PERMANENT: Final = 500
_NOT_OFFERED: Final = {
    "STARTTLS": "it offers no STARTTLS",
    "AUTH": "it offers no login",
    "SMTPUTF8": "it takes no addresses with letters beyond ASCII",
}
_REFUSED_MAIL: Final = frozenset({552, 554})
"""Answers to a message itself that another attempt does not change: too large, or taken for spam."""

Address = Annotated[str, msgspec.Meta(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$")]


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The server, whose ``security`` is starttls, tls from the first byte, or none, which is for this machine only;
    the ``user``, whose password is in the environment or in ``password_file``; the sender and the receivers;
    ``timeout`` in seconds, and ``ca_file`` of a server with an authority of its own."""

    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str | None = None
    password_file: str | None = None
    sender: Address
    to: Annotated[tuple[Address, ...], msgspec.Meta(min_length=1)]
    timeout: float = 20.0
    ca_file: str | None = None


_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}


class Email:
    """Sends a mail for each alert.

    Raises
    ------
    ConfigError
        An option is wrong, the password is missing, or it would travel in the clear.
    """

    def __init__(self, setup: Setup) -> None:
        self._options = options = setup.read(Options)
        self._port = options.port or _PORTS[options.security]
        self._place = f"the mail server {options.host}:{self._port}"
        self._password = setup.required("password", options.password_file) if options.user else ""
        self._taken: tuple[str, frozenset[str]] = "", frozenset()
        """A mail that some receivers do not have yet, and those who have it."""
        if options.security == "none" and not _is_here(options.host):
            raise ConfigError(f"{SETTING}.{setup.name}.security: none is for a server on this machine only")
        try:
            self._tls = ssl.create_default_context(cafile=options.ca_file)
        except OSError as error:
            raise ConfigError(f"{SETTING}.{setup.name}.ca_file: {options.ca_file} cannot be read: {error}") from None

    def send(self, alert: Alert) -> None:
        """As `Sink.send`; called again, it sends the mail to those who did not get it."""
        identity = delivery_id(alert)
        taken = self._taken[1] if self._taken[0] == identity else frozenset()
        try:
            if missing := [each for each in self._options.to if each not in taken]:
                self._deliver(self._message(alert), missing, identity)
        except smtplib.SMTPAuthenticationError as error:
            raise SinkError(f"{self._place} refuses the user or the password ({error.smtp_code})") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise self._refused(error.recipients, some=len(error.recipients) < len(self._options.to)) from None
        except smtplib.SMTPResponseException as error:
            kind = SinkRefused if _of_the_message(error) else SinkError
            raise kind(f"{self._place} answers {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise SinkError(f"{self._place} cannot be used: {_reason(error)}") from None
        self._taken = "", frozenset()

    def _deliver(self, message: EmailMessage, to: Sequence[str], identity: str) -> None:
        """Send a mail, and keep who has it, whatever comes after that."""
        options = self._options
        if options.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                options.host, self._port, timeout=options.timeout, context=self._tls
            )
        else:
            server = smtplib.SMTP(options.host, self._port, timeout=options.timeout)
        with server:
            if options.security == "starttls":
                server.starttls(context=self._tls)  # raises where the server has none: nothing is sent in the clear
            if options.user:
                server.login(options.user, self._password)
            refused = server.send_message(message, to_addrs=to)
            self._taken = identity, frozenset(options.to) - refused.keys()
        if refused:
            raise smtplib.SMTPRecipientsRefused(refused)

    def _refused(self, answers: Mapping[str, tuple[int, bytes]], *, some: bool) -> SinkError:
        """Some receivers, or all, did not get a mail. One who never will holds up none of the others' mails."""
        codes = ", ".join(map(str, sorted({code for code, _ in answers.values()})))
        if not some:
            return SinkError(f"{self._place} refuses all receivers ({codes})")
        kind = SinkRefused if all(code >= _PERMANENT for code, _ in answers.values()) else SinkError
        return kind(f"{self._place} refuses {', '.join(answers)} ({codes}), the other receivers have the mail")

    def _message(self, alert: Alert) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._options.sender
        message["To"] = ", ".join(self._options.to)
        message["Subject"] = title(alert)
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = message_id(delivery_id(alert))
        if delivery_id(alert) != alert.id:
            message["In-Reply-To"] = message["References"] = message_id(alert.id)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(f"{line(alert)}\n\nRule: {alert.rule}\nId: {alert.id}\n")
        return message


def message_id(delivery: str) -> str:
    """The Message-ID of a delivery.

    >>> message_id("close > 180/AAPL") == message_id("close > 180/AAPL")
    True
    """
    return f"<{hashlib.sha256(delivery.encode()).hexdigest()[:32]}@alerts.stockstream>"


def _of_the_message(error: smtplib.SMTPResponseException) -> bool:
    return isinstance(error, smtplib.SMTPDataError) and error.smtp_code in _REFUSED_MAIL


def _is_here(host: str) -> bool:
    """Whether a host is this machine, by its name alone.

    >>> _is_here("localhost"), _is_here("::1"), _is_here("mail.example.org")
    (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        # Its text is that of smtplib, which names the extension.
        return next((words for name, words in _NOT_OFFERED.items() if name in str(error)), "it lacks an extension")
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__
