"""Exception tree. Foreign errors are translated into it where they enter.

::

    StockstreamError
      ConfigError              a wrong key or value
      SourceError
        Unavailable            the source cannot be reached now; worth a retry
        RateLimited            the source asks for patience
        UnknownSymbol          the source does not know the symbol
        BadRow                 a row that cannot be read
      BrokerError
        Unreachable            no broker answers
        DeliveryError          a record was not acknowledged
        TooLarge             a record is larger than its topic takes
        AuthError              the broker refuses who we are
      StateError               a saved state that cannot be used
      TableError               a durable table that cannot be read or written
        Overtaken              another process has stored the same records
      RuleError                a rule of alerts that cannot be understood
      SinkError                an alert was not delivered; it is tried again
        SinkRefused            the receiver will never take this one
      CloudError               AWS refuses something, or does not answer
      SparkError               Spark is not there, does not start, or a job of it fails
      DisplayError             no window can be opened here
      SeriesError              what was asked for names no series, or several
"""

from __future__ import annotations


class StockstreamError(Exception):
    """A message for the user in one line: what happened, where, and what to do.

    Parameters
    ----------
    message
        What happened and where, without a final full stop.
    hint
        What to do about it; shown behind the message.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} - {self.hint}" if self.hint else self.message


class ConfigError(StockstreamError):
    """A wrong key or value in the settings: names file, line, key and what is allowed."""


class SourceError(StockstreamError):
    """A source of records failed."""


class Unavailable(SourceError):
    """The source cannot be reached now; a retry may help."""


class RateLimited(SourceError):
    """The source asks for patience.

    Parameters
    ----------
    message
        As for every error.
    retry_after
        Seconds the source asks to wait, where it says so.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class UnknownSymbol(SourceError):
    """The source does not know the symbol."""

    def __init__(self, symbol: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.symbol = symbol


class BadRow(SourceError):
    """A row of a file that cannot be read.

    Parameters
    ----------
    file
        The file as the user named it.
    line
        Line in the file, counted from 1, the header included; None where ``file`` says it all.
    column
        The column's name, or None where the row as a whole is wrong.
    reason
        What is wrong with it.
    raw
        The row as it is in the file, for the dead letters.
    key
        The row's identity among the dead letters; without one the file's name and the line.
    """

    def __init__(
        self, file: str, line: int | None, column: str | None, reason: str, *, raw: bytes = b"", key: str | None = None
    ) -> None:
        where = file + (f", line {line}" if line else "") + (f", column {column}" if column else "")
        super().__init__(f"{where}: {reason}")
        self.file = file
        self.line = line
        self.column = column
        self.reason = reason
        self.raw = raw
        self.key = key or f"{file}/{line}"


class BrokerError(StockstreamError):
    """Something between us and the broker."""


class Unreachable(BrokerError):
    """No broker answers at the address."""


class DeliveryError(BrokerError):
    """A record was not acknowledged by the broker."""


class TooLarge(DeliveryError):
    """A record that is larger than its topic takes; nothing of it was sent.

    Parameters
    ----------
    message
        As for every error.
    key, raw
        The record's, as they would have been sent.
    """

    def __init__(self, message: str, *, key: str, raw: bytes) -> None:
        super().__init__(message)
        self.key = key
        self.raw = raw


class AuthError(BrokerError):
    """The broker refuses who we say we are, or what we want to do."""


class StateError(StockstreamError):
    """A saved state that cannot be used: names the file, the reason, and how to rebuild it."""


class TableError(StockstreamError):
    """A durable table that cannot be read or written: names its place and the reason."""


class Overtaken(TableError):
    """Another process has stored the same records: nothing was written twice."""


class RuleError(StockstreamError):
    """A rule of alerts that cannot be understood.

    Parameters
    ----------
    reason
        What is wrong, on one line.
    rule
        The rule as it was written.
    column
        Where it is wrong: the index of a sign of the rule.
    """

    def __init__(self, reason: str, *, rule: str, column: int) -> None:
        super().__init__(f"column {column + 1}: {reason}")
        self.reason = reason
        self.rule = rule
        self.column = column

    @property
    def excerpt(self) -> str:
        """The rule, at most a line of it, and a caret below the place."""
        begin = max(0, self.column - 60)
        line = "".join(" " if sign.isspace() else sign for sign in self.rule[begin : begin + 100])
        return f"{line}\n{' ' * (self.column - begin)}^"


class CloudError(StockstreamError):
    """AWS refuses something, or does not answer.

    Parameters
    ----------
    message
        As for every error.
    code
        The code of AWS's answer, where there is one.
    """

    def __init__(self, message: str, *, hint: str | None = None, code: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class SparkError(StockstreamError):
    """Spark is not there, does not start, or a job of it fails."""


class SinkError(StockstreamError):
    """A sink did not deliver an alert; another attempt may succeed.

    Parameters
    ----------
    message
        As for every error: it names the place without secrets.
    retry_after
        Seconds the receiver asks to wait, where it says so.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class SinkRefused(SinkError):
    """The receiver refuses this alert, and would at every attempt: it is passed over, and the next one is sent."""


class DisplayError(StockstreamError):
    """No window can be opened on this machine."""


class SeriesError(StockstreamError):
    """What was asked for names no series, or several of them."""
