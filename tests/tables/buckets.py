"""Buckets of an S3 on this machine."""

from __future__ import annotations

import socket
import time
import uuid
from dataclasses import dataclass
from typing import Any, Final

from stockstream.tables.location import Location
from tests.patience import PATIENCE

ACCESS_KEY: Final = "test"
SECRET_KEY: Final = "a secret"


@dataclass(frozen=True)
class Bucket:
    """A bucket, and the port of the service that has it."""

    name: str
    port: int

    @property
    def location(self) -> Location:
        return Location.of(f"s3://{self.name}/tables")

    @property
    def env(self) -> dict[str, str]:
        """What AWS clients read; no instance is asked for credentials."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def created(port: int) -> Bucket:
    import boto3

    bucket = Bucket(f"shares-{uuid.uuid4().hex[:8]}", port)
    client: Any = boto3.client(
        "s3",
        endpoint_url=bucket.env["AWS_ENDPOINT_URL"],
        aws_access_key_id=bucket.env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=bucket.env["AWS_SECRET_ACCESS_KEY"],
        region_name=bucket.env["AWS_REGION"],
    )
    client.create_bucket(Bucket=bucket.name)
    return bucket


def answers(port: int) -> None:
    """Wait until somebody listens at a port."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < ends, f"nobody listens at port {port}"
            time.sleep(0.05)
