"""The cache that makes Kafka start faster: it is used, and no damage of it is a broker's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from stockstream.errors import BrokerError
from stockstream.kafka import java, start_cache
from stockstream.kafka.broker import Broker, free_port


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_a_broker_uses_it_and_says_nothing_of_it(tmp_path: Path, kafka_jars: list[Path]) -> None:
    cache = java.start_cache(kafka_jars)
    assert cache is not None
    with Broker(tmp_path, kafka_jars, port=free_port(), heap="256m") as running:
        assert str(cache) in Path(f"/proc/{running.pid}/maps").read_text()
    told = (tmp_path / "logs" / "java.out").read_text()
    assert not any(word in told for word in ("[aot", "[cds"))


@pytest.mark.parametrize("content", [b"", b"no cache", b"\xde\xad\xbe\xef" * 100_000])
def test_a_damaged_one_is_passed_over(tmp_path: Path, content: bytes) -> None:
    jars = [tmp_path / "one.jar"]
    cache = java.start_cache(jars)
    assert cache is not None
    cache.write_bytes(content)
    (tmp_path / "tmp").mkdir()
    process = java.spawn(["-version"], classpath=jars, cwd=tmp_path, output=tmp_path / "out")
    assert process.wait(120) == 0
    told = (tmp_path / "out").read_text().casefold()
    assert "openjdk version" in told
    assert not any(word in told for word in ("aot", "cds", "cache", "archive", "error"))


def test_that_it_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    assert not start_cache.ensure([])
    assert not start_cache.ensure([tmp_path / "away" / "one.jar"])


def test_what_cannot_be_made_is_tried_once_and_the_reason_is_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    jars = [tmp_path / "one.jar"]
    begun: list[str] = []
    for _ in range(2):
        assert not start_cache.ensure(jars, lambda: begun.append("begun"))
    assert begun == ["begun"]
    cache = java.start_cache(jars)
    assert cache is not None
    assert {path.name for path in tmp_path.iterdir()} == {f"{cache.stem}.failed", f"{cache.stem}.lock"}
    (said,) = [record.getMessage() for record in caplog.records if "cannot be prepared" in record.getMessage()]
    assert "StorageTool" in said


def test_a_java_that_makes_no_cache_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    with pytest.raises(BrokerError, match="Java ended with code 1"):
        start_cache._create(tmp_path / "no record", [tmp_path / "one.jar"])


@pytest.mark.thorough
def test_it_is_made_once(tmp_path: Path, kafka_jars: list[Path]) -> None:
    jars = [tmp_path / jar.name for jar in kafka_jars]
    for jar, theirs in zip(jars, kafka_jars, strict=True):
        jar.symlink_to(theirs)
    assert start_cache.ensure(jars)
    cache = java.start_cache(jars)
    assert cache is not None
    made = cache.stat().st_mtime_ns
    assert start_cache.ensure(jars)
    assert cache.stat().st_mtime_ns == made
    assert {path.name for path in tmp_path.iterdir()} == {jar.name for jar in jars} | {cache.name, f"{cache.stem}.lock"}
