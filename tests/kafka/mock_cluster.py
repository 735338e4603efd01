"""librdkafka's mock cluster with injected refusals, which a real cluster sends only rarely."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import confluent_kafka
import pytest

NOT_LEADER: Final = 6
_PRODUCE: Final = 0


class MockCluster:
    """One broker, whose answers to produce requests can be late and refusals."""

    def __init__(self, library: ctypes.CDLL, cluster: int) -> None:
        self._library = library
        self._cluster = ctypes.c_void_p(cluster)
        library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        self.bootstrap_servers = library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def make(self, topic: str, partitions: int = 1) -> None:
        """Make a topic: an admin client cannot."""
        assert not self._library.rd_kafka_mock_topic_create(self._cluster, topic.encode(), partitions, 1)

    def refuse_next(self, error: int) -> None:
        """Answer the next produce request with an error and take those behind it."""
        errors = (ctypes.c_int * 1)(error)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, ctypes.c_int16(_PRODUCE), ctypes.c_size_t(1), errors
        )

    def led(self, topic: str, partition: int, *, led: bool) -> None:
        """Give a partition its leader, or take it away."""
        assert not self._library.rd_kafka_mock_partition_set_leader(
            self._cluster, topic.encode(), ctypes.c_int32(partition), ctypes.c_int32(1 if led else -1)
        )

    def answer_after(self, milliseconds: int) -> None:
        """Let that much time pass before each answer."""
        self._library.rd_kafka_mock_broker_set_rtt(self._cluster, ctypes.c_int32(1), milliseconds)


@contextmanager
def mock_cluster() -> Iterator[MockCluster]:
    """A cluster of one broker; skips where confluent-kafka's wheel does not hold librdkafka as a file of its own."""
    library = _library()
    if library is None:
        pytest.skip("librdkafka is not to be found beside confluent_kafka")
    library.rd_kafka_new.restype = library.rd_kafka_mock_cluster_new.restype = ctypes.c_void_p
    said = ctypes.create_string_buffer(512)
    client = ctypes.c_void_p(library.rd_kafka_new(0, None, said, ctypes.c_size_t(len(said))))
    cluster = library.rd_kafka_mock_cluster_new(client, 1)
    try:
        yield MockCluster(library, cluster)
    finally:
        library.rd_kafka_mock_cluster_destroy(ctypes.c_void_p(cluster))
        library.rd_kafka_destroy(client)


@cache
def _library() -> ctypes.CDLL | None:
    package = Path(confluent_kafka.__file__).parent
    for folder in (package.with_name("confluent_kafka.libs"), package / ".dylibs"):
        for file in folder.glob("librdkafka*"):
            return ctypes.CDLL(str(file))
    return None
