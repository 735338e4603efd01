"""S3 for tests, each in a process of its own, as delta-rs holds the lock of Python while it waits: moto, versitygw."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from stockstream.kafka.broker import free_port
from stockstream.tables.location import Location
from tests.tables.buckets import ACCESS_KEY, SECRET_KEY, Bucket, answers, created

_VERSITYGW: Final = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"


@contextmanager
def running(*program: str) -> Iterator[None]:
    """A program of the tests in Python, ended with the block."""
    with _process(sys.executable, *program):
        yield


@contextmanager
def _process(*command: str) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    """The port of an S3 that honours conditional writes: moto's."""
    port = free_port()
    with running("-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)):
        answers(port)
        yield port


@pytest.fixture(scope="session")
def versitygw_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of another one, where it is installed: a gateway to a folder, in Go."""
    found = shutil.which("versitygw") or shutil.which("versitygw", path=_go_programs())
    if found is None:
        pytest.skip(f"versitygw is not on this machine (go install {_VERSITYGW})")
    port, folder, metadata = free_port(), tmp_path_factory.mktemp("versitygw"), tmp_path_factory.mktemp("metadata")
    keys = ("--access", ACCESS_KEY, "--secret", SECRET_KEY)
    with _process(found, *keys, "--port", f"127.0.0.1:{port}", "posix", "--sidecar", str(metadata), str(folder)):
        answers(port)
        yield port


def _go_programs() -> str:
    """The folder in which `go install` puts programs."""
    return os.environ.get("GOBIN") or str(Path(os.environ.get("GOPATH") or Path.home() / "go", "bin"))


@pytest.fixture
def bucket(s3_port: int, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket of moto, which this process and its children reach by the environment's credentials."""
    return _used(created(s3_port), monkeypatch)


@pytest.fixture(params=["moto", "versitygw"])
def any_bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The same, of each service."""
    port: int = request.getfixturevalue("s3_port" if request.param == "moto" else "versitygw_port")
    return _used(created(port), monkeypatch)


def _used(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    for name, value in bucket.env.items():
        monkeypatch.setenv(name, value)
    return bucket


@pytest.fixture(params=["disk", "moto", "versitygw"])
def anywhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Location:
    """A place for tables: on disk, then in a bucket of each service."""
    if request.param == "disk":
        return Location.of(str(request.getfixturevalue("tmp_path") / "tables"))
    port: int = request.getfixturevalue("s3_port" if request.param == "moto" else "versitygw_port")
    return _used(created(port), monkeypatch).location
