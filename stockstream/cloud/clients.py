"""Clients of AWS, by the usual chain of credentials, and their errors in one line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, Final, Protocol, Required, TypeAlias, TypedDict

from stockstream.errors import CloudError, StockstreamError

_PACKAGES: Final = ("boto3", "pyarrow")
_CREDENTIALS: Final = "they come from the environment, a profile (AWS_PROFILE) or the instance's role"
_XML: Final = re.compile(r".*<Code>(.*)</Code>.*")
_MESSAGE: Final = re.compile(r".*<Message>(.*)</Message>.*")
_REFUSED: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AccessDeniedError")
_INVALID: Final = (
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "ExpiredTokenException",
)


Answer: TypeAlias = dict[str, Any]
"""A service's answer, which is JSON: boto3 makes its clients of descriptions, and has no types."""


class Entry(TypedDict, total=False):
    """What is read here of a database, a table or a crawler of Glue."""

    Name: Required[str]
    Parameters: Mapping[str, str] | None


class TableInput(TypedDict):
    """A table, as Glue takes it."""

    Name: str
    Description: str
    TableType: str
    PartitionKeys: Sequence[Mapping[str, str]]
    Parameters: Mapping[str, str]
    StorageDescriptor: Mapping[str, object]


class Call(Protocol):
    """An operation of a service."""

    def __call__(self, **request: object) -> Answer:
        """Its answer. Raises botocore's errors, see `translated`."""


class Glue(Protocol):
    """The calls of Glue that are made here."""

    get_database: Call
    create_database: Call
    delete_database: Call
    get_table: Call
    get_tables: Call
    create_table: Call
    update_table: Call
    delete_table: Call
    get_crawler: Call
    create_crawler: Call
    delete_crawler: Call
    get_tags: Call


class Athena(Protocol):
    """The calls of Athena that are made here."""

    def start_query_execution(self, **request: object) -> Answer:
        """Start a query."""

    def get_query_execution(self, **request: object) -> Answer:
        """State of a query."""

    def get_query_results(self, **request: object) -> Answer:
        """A page of a result."""

    def stop_query_execution(self, **request: object) -> Answer:
        """Cancel a query."""


class Objects(Protocol):
    """The calls of S3 that are made here."""

    list_objects_v2: Call


def require_aws() -> None:
    """Raise `StockstreamError` with what to install, unless the packages of the extra ``aws`` are there."""
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise StockstreamError(
            f"the cloud commands need the package {missing[0]}", hint="pip install 'stockstream[aws]'"
        )


class Session:
    """Clients of one account and region. Each method raises CloudError.

    Parameters
    ----------
    region
        None for that of the environment or the profile.
    """

    def __init__(self, region: str | None = None) -> None:
        import boto3

        with translated("open a session"):
            # boto3 itself takes AWS_DEFAULT_REGION alone, every other client of AWS this one, too.
            self._session = boto3.Session(region_name=region or os.environ.get("AWS_REGION") or None)

    @property
    def region(self) -> str | None:
        """The region; None if neither the environment nor the profile names one."""
        region: str | None = self._session.region_name
        return region

    def account(self) -> str:
        """Number of the account."""
        with translated("ask STS who this is"):
            return str(self._client("sts").get_caller_identity()["Account"])

    def glue(self) -> Glue:
        """A client of Glue."""
        client: Glue = self._client("glue")
        return client

    def athena(self) -> Athena:
        """A client of Athena."""
        client: Athena = self._client("athena")
        return client

    def objects(self) -> Objects:
        """A client of S3."""
        client: Objects = self._client("s3")
        return client

    def _client(self, service: str) -> Any:
        from botocore.config import Config

        with translated(f"reach {service}"):
            retries = {"mode": "standard", "total_max_attempts": 4}
            return self._session.client(service, config=Config(connect_timeout=10, retries=retries))


@contextmanager
def translated(deed: str) -> Iterator[None]:
    """Raise the errors of boto3 in this block as `CloudError`: "cannot DEED: reason"."""
    from botocore import exceptions as theirs

    try:
        yield
    except theirs.ClientError as error:
        answer = error.response.get("Error", {})
        code, text = str(answer.get("Code", "?")), " ".join(str(answer.get("Message", "")).split())
        if _XML.search(text):  # of a service whose answers are JSON otherwise
            code, text = _XML.sub(r"\1", text), _MESSAGE.sub(r"\1", text)
        raise CloudError(f"cannot {deed}: {_reason(code, text)}", hint=_hint(code), code=code) from error
    except (theirs.NoCredentialsError, theirs.PartialCredentialsError) as error:
        raise CloudError(f"cannot {deed}: no AWS credentials were found", hint=_CREDENTIALS) from error
    except theirs.NoRegionError as error:
        raise CloudError(
            f"cannot {deed}: no AWS region is set", hint="set AWS_REGION, or one in the profile"
        ) from error
    except (theirs.EndpointConnectionError, theirs.ConnectTimeoutError, theirs.ReadTimeoutError) as error:
        raise CloudError(
            f"cannot {deed}: AWS does not answer", hint="is the network up, and AWS_REGION right?"
        ) from error
    except theirs.BotoCoreError as error:
        raise CloudError(f"cannot {deed}: {' '.join(str(error).split())}") from error


def absent(error: CloudError) -> bool:
    """Whether the answer was that there is no such thing."""
    return error.code in ("EntityNotFoundException", "NoSuchEntity", "NoSuchBucket")


def _reason(code: str, text: str) -> str:
    if code in _REFUSED:
        return f"AWS refuses it ({text or code})"
    if code in _INVALID:
        return f"AWS does not accept the credentials ({code})"
    return f"{code}: {text}" if text else code


def _hint(code: str) -> str | None:
    if code in _REFUSED:
        return "`stockstream cloud plan --policy all` prints the rights that it needs"
    if code == "NoSuchBucket":
        return "create the bucket first, or name another with --to"
    return _CREDENTIALS if code in _INVALID else None
