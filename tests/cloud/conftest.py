"""An account of AWS for tests: moto's server, with a bucket and the tables that the tests put there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tables.buckets import Bucket
from tests.tables.conftest import bucket as bucket
from tests.tables.conftest import s3_port as s3_port


class Account:
    """An account, asked by clients of the tests' own."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket

    @property
    def place(self) -> str:
        return self.bucket.location.text

    @property
    def database(self) -> str:
        """A name that no other test uses."""
        return self.bucket.name

    def client(self, service: str) -> Any:
        import boto3

        return boto3.client(service, region_name="us-east-1")

    def put_table(self, name: str) -> None:
        """The first entry of a Delta log, by which a table is known to be there."""
        log = f"tables/{name}/_delta_log/00000000000000000000.json"
        self.client("s3").put_object(Bucket=self.bucket.name, Key=log, Body=b"{}")


@pytest.fixture
def account(bucket: Bucket) -> Account:
    return Account(bucket)
