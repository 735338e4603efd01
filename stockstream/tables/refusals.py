"""Errors of delta-rs, translated into ours: one line that says what, where, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from deltalake.exceptions import CommitFailedError, DeltaError, DeltaProtocolError

from stockstream.errors import TableError
from stockstream.files import cause
from stockstream.names import cut

FAILURES: Final = (DeltaError, OSError)
"""What delta-rs raises for a table that it cannot read or write."""

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_CODE: Final = re.compile(r"<Code>(\w+)</Code>")
_STATUS: Final = re.compile(r"status code\W*(\d{3} [A-Za-z ]+?)(?: ↳|$| <|:)")
_SYSTEM: Final = re.compile(r"(?:message: \")?([A-Z][A-Za-z -]+?)\"? ?(?:\(os error (?P<short>\d+)\)|\})")

_CREDENTIALS: Final = "AWS credentials come from the environment, a profile (AWS_PROFILE) or the instance's role"
_HINTS: Final = {
    "NoSuchBucket": "create the bucket first, or name another with --to",
    "AccessDenied": _CREDENTIALS,
    "InvalidAccessKeyId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "ExpiredToken": _CREDENTIALS,
}
"""What to do, by the code of an answer of S3."""

_LONGEST: Final = 300


@contextmanager
def translated(deed: str, uri: str) -> Iterator[None]:
    """Raise the errors of delta-rs in this block as `TableError`: "cannot DEED URI: reason"."""
    try:
        yield
    except FAILURES as error:
        raise translation(error, deed, uri) from error


def translation(error: BaseException, deed: str, uri: str) -> TableError:
    """The `TableError` of an error of delta-rs."""
    reason, hint = _reason(error)
    return TableError(f"cannot {deed} {uri}: {reason}", hint=hint)


def is_passing(error: BaseException) -> bool:
    """Whether the same may succeed a little later: the service is away, too busy, or another writer was faster.

    >>> is_passing(OSError("Generic S3 error: Server returned non-2xx status code: 503 SlowDown"))
    True
    >>> is_passing(OSError("Server returned non-2xx status code: 403 Forbidden: <Code>AccessDenied</Code>"))
    False
    """
    if isinstance(error, CommitFailedError):
        return True
    text = plain(error)
    if isinstance(error, DeltaProtocolError) or "S3 error" not in text:
        return False
    status = _STATUS.search(text)
    return status is None or status[1].startswith(("5", "408", "409", "412", "429"))


def plain(error: BaseException) -> str:
    """The text of an error in one line, without colours."""
    return " ".join(_COLOUR.sub("", str(error)).replace("↳", ":").split())


def _reason(error: BaseException) -> tuple[str, str | None]:
    if isinstance(error, OSError) and error.errno is not None and error.strerror:
        return cause(error).lower(), None
    text = " ".join(_COLOUR.sub("", str(error)).split())
    if "169.254.169.254" in text or "credential" in text.lower():
        return "no AWS credentials were found", _CREDENTIALS
    code, status = _CODE.search(text), _STATUS.search(text)
    if code is not None or status is not None:
        told = " ".join(each[1].strip() for each in (status, code) if each is not None)
        return f"S3 answered {told}", _HINTS.get(code[1]) if code is not None else None
    if "error sending request" in text:
        return "S3 does not answer", "is the endpoint right (AWS_ENDPOINT_URL), and the network up?"
    system = _SYSTEM.search(text)
    if system is not None:
        return system[1].strip().lower(), None
    return cut(plain(error), _LONGEST) or type(error).__name__, None
