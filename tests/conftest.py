"""Fixtures of several packages' tests."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from stockstream.config import Settings
from stockstream.kafka import broker as broker_module
from stockstream.kafka import start_cache
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.jars import fetch
from tests.site import Site

# On a busy machine an example takes any time.
settings.register_profile("any load", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any load")

# A shell starts what it puts into the background with SIGINT ignored, nohup with SIGHUP ignored, and the programs under
# test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def apart(ports: range) -> range:
    """The ports of this process of the tests: one that nobody listens on must not be taken by another process."""
    number, count = os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:], os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
    span = len(ports) // int(count)
    return ports[int(number) * span : (int(number) + 1) * span]


broker_module._PORTS = apart(broker_module._PORTS)


@pytest.fixture(scope="session")
def kafka_jars() -> list[Path]:
    """Kafka's jars, from the cache that all runs on this machine share."""
    jars = fetch(Path(os.environ.get("STOCKSTREAM_CACHE_DIR") or Settings().cache_dir))
    start_cache.ensure(jars)
    return jars


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory, kafka_jars: list[Path]) -> Iterator[str]:
    """A real Kafka, for the whole session: its bootstrap servers."""
    with Broker(tmp_path_factory.mktemp("kafka"), kafka_jars, port=free_port()) as running:
        yield running.bootstrap_servers


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Real files that nobody on this project wrote: where REAL_DATA says, else in ../shared/data. Never part of it."""
    folder = Path(os.environ.get("REAL_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("the real files are not on this machine (REAL_DATA says where they are)")
    return folder


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """Small made-up files of situations that users had: where SHARED_CASES says, else in ../shared/cases."""
    folder = Path(os.environ.get("SHARED_CASES") or Path(__file__).parents[2] / "shared" / "cases")
    if not folder.is_dir():
        pytest.skip("the shared cases are not on this machine (SHARED_CASES says where they are)")
    return folder


@pytest.fixture(scope="session")
def running_site(tmp_path_factory: pytest.TempPathFactory, kafka_jars: list[Path]) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with Broker(folder / "data" / "kafka", kafka_jars, port=free_port()) as broker:
        yield Site(folder, broker.bootstrap_servers)


@pytest.fixture
def site(running_site: Site) -> Site:
    """A machine with a broker that holds none of our topics yet."""
    running_site.clear()
    return running_site
