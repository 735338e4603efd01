"""S3 for tests: moto's server in a process of its own, as delta-rs holds Python's lock while it waits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from stockstream.kafka.broker import free_port
from stockstream.tables.location import Location
from tests.tables.buckets import Bucket, answers, created


@contextmanager
def running(*program: str) -> Iterator[None]:
    """A program of the tests, ended with the block."""
    process = subprocess.Popen([sys.executable, *program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    """The port of an S3 that honours conditional writes."""
    port = free_port()
    with running("-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)):
        answers(port)
        yield port


@pytest.fixture
def bucket(s3_port: int, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket, which this process and its children reach by the environment's credentials."""
    found = created(s3_port)
    for name, value in found.env.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture(params=["disk", "s3"])
def anywhere(request: pytest.FixtureRequest) -> Location:
    """A place for tables: on disk, then in a bucket."""
    if request.param == "s3":
        made: Bucket = request.getfixturevalue("bucket")
        return made.location
    return Location.of(str(request.getfixturevalue("tmp_path") / "tables"))
