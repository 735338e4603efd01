"""A session of Spark: our Java and jars, loopback only, RocksDB for states, times in UTC, and a log of limited size."""

from __future__ import annotations

import os
import re
import socket
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stockstream.errors import SparkError
from stockstream.files import private_file, private_folder
from stockstream.kafka.jars import Progress, fetch
from stockstream.kafka.java import complaint
from stockstream.spark.extra import require_spark
from stockstream.spark.jars import CONNECTOR
from stockstream.spark.java import java_home

if TYPE_CHECKING:  # an extra, and slow to import
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    from stockstream.config import Settings

LOOPBACK: Final = "127.0.0.1"
_PATIENCE: Final = 5.0  # seconds for a master to take a connection
_ADDRESS: Final = re.compile(r"(?P<host>\[[^\]]+\]|[^:/,]+):(?P<port>\d{1,5})")
_MASTER: Final = re.compile(
    r"spark://(\[[^\]]+\]|[^:/,]+):\d{1,5}(,(\[[^\]]+\]|[^:/,]+):\d{1,5})*|local(\[([1-9]\d*|\*)\])?|yarn|k8s://.+"
)

# What PySpark 4.2 says of pandas 3, and what pandas 3 says of it: the beginnings of warnings. That all values are right
# with the pandas of the locks is tested.
_WARNINGS: Final = ("PySpark does not yet fully support pandas", "The copy keyword is deprecated")

_LOG: Final = """\
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = {file}
appender.file.filePattern = {file}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{yyyy-MM-dd'T'HH:mm:ss}}{{UTC}}Z %p %c: %m%n%ex
appender.file.policies.type = Policies
appender.file.policies.size.type = SizeBasedTriggeringPolicy
appender.file.policies.size.size = 2MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 3
"""


@dataclass(frozen=True)
class SessionOptions:
    """How a session runs.

    Parameters
    ----------
    master
        ``local[2]``: in this process with two cores; ``local[*]``: with all; ``spark://HOST:PORT``: on a cluster.
    driver_memory, executor_memory
        Heap of Java, as Spark writes it; executors are processes of a cluster. Python's workers take memory beside it.
    cores
        Cores that are taken of a cluster; None for all.
    partitions
        Partitions of a state, and so the tasks that can work at the same time. A checkpoint keeps the number of its
        first run.
    host
        The address of this machine by which executors reach it.
    ui
        Port of Spark's own page, on the loopback address; None for no page.
    properties
        Further properties of Spark, which win over ours.
    """

    master: str = "local[*]"
    driver_memory: str = "1g"
    executor_memory: str = "700m"
    cores: int | None = None
    partitions: int = 4
    host: str = LOOPBACK
    ui: int | None = None
    properties: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise SparkError for a value that Spark would refuse without saying where it comes from."""
        for memory in (self.driver_memory, self.executor_memory):
            if not re.fullmatch(r"[1-9]\d*[kmgt]", memory):
                raise SparkError(f"{memory} is no memory of Java", hint="write it as 700m or 2g")
        if self.partitions < 1:
            raise SparkError(f"a state has one partition at least, not {self.partitions}")
        if not _MASTER.fullmatch(self.master):
            raise SparkError(f"{self.master} is no master of Spark", hint="use local[*], local[2] or spark://HOST:PORT")


def session(
    name: str,
    settings: Settings,
    options: SessionOptions | None = None,
    *,
    on_progress: Progress = lambda *_: None,
    on_damaged: Callable[[str], None] = lambda _: None,
) -> SparkSession:
    """Start Spark. A session that runs in this process already is returned as it is.

    Java, its jars and Python are those of this environment, whatever ``SPARK_HOME`` and ``PYSPARK_PYTHON`` say. What
    Spark logs from warnings on is in ``logs/spark-NAME.log`` of the state directory.

    Parameters
    ----------
    name
        The application, as Spark's pages and logs name it.
    settings
        Its directories: the cache for the jars, the state directory for the log.
    on_progress, on_damaged
        See `stockstream.kafka.jars.fetch`; called while jars are fetched, which happens once.

    Raises
    ------
    SparkError
        The extra ``spark`` is not installed, no master answers, or Spark does not start.
    StockstreamError
        The jars cannot be fetched, or a directory cannot be written.
    """
    require_spark()
    options = options or SessionOptions()
    if sys.platform == "win32":
        raise SparkError("Spark jobs run on Linux and macOS", hint="use the Windows Subsystem for Linux")
    for beginning in _WARNINGS:
        warnings.filterwarnings("ignore", beginning)
    from pyspark.sql import SparkSession

    running: SparkSession | None = SparkSession.getActiveSession()
    if running is not None:
        return running
    _require_master(options.master)
    jars = fetch(settings.cache_dir, CONNECTOR, on_progress=on_progress, on_damaged=on_damaged)
    logs = _Logs(settings.state_dir, name)
    properties = _properties(name, options, jars, logs)
    with _environment(environment(settings.cache_dir, options.host)):
        _start(properties, logs)
    return SparkSession.builder.getOrCreate()


def environment(cache: Path, host: str = LOOPBACK) -> dict[str, str]:
    """The variables under which programs of Spark are started. Raises as `java_home`."""
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    return {
        "JAVA_HOME": str(java_home(cache)),
        "SPARK_HOME": str(Path(spec.origin).parent),
        "SPARK_LOCAL_IP": host,
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONWARNINGS": _quiet_workers(os.environ.get("PYTHONWARNINGS")),
    }


def _quiet_workers(known: str | None) -> str:
    """The variable PYTHONWARNINGS of Python's workers."""
    return ",".join([*filter(None, (known,)), *(f"ignore:{beginning}" for beginning in _WARNINGS)])


class _Logs:
    """Where Spark logs: a file of limited size, and one for what does not go through its logger."""

    def __init__(self, state_dir: Path, name: str) -> None:
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", name)
        folder = state_dir.absolute() / "logs"
        self.file = folder / f"spark-{plain}.log"
        self.output = folder / f"spark-{plain}.out"
        self.settings = folder / f"spark-{plain}.properties"
        try:
            private_folder(folder)
            for path in (self.file, self.output, self.settings):
                private_file(path)
            self.settings.write_text(_LOG.format(file=self.file))
        except OSError as error:
            raise SparkError(f"{folder} cannot be written: {error.strerror}", hint="set another state_dir") from error


def _properties(name: str, options: SessionOptions, jars: list[Path], logs: _Logs) -> dict[str, str]:
    properties = {
        "spark.master": options.master,
        "spark.app.name": name,
        "spark.jars": ",".join(str(jar.absolute()) for jar in jars),
        "spark.driver.host": options.host,
        "spark.driver.bindAddress": options.host,
        "spark.driver.memory": options.driver_memory,
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={logs.settings.as_uri()} -XX:-UsePerfData",
        "spark.executor.memory": options.executor_memory,
        "spark.executor.extraJavaOptions": "-XX:-UsePerfData",
        "spark.executor.logs.rolling.strategy": "size",
        "spark.executor.logs.rolling.maxSize": "2000000",
        "spark.executor.logs.rolling.maxRetainedFiles": "3",
        "spark.executorEnv.PYTHONWARNINGS": _quiet_workers(os.environ.get("PYTHONWARNINGS")),
        "spark.pyspark.python": sys.executable,
        "spark.ui.enabled": str(options.ui is not None).lower(),
        "spark.ui.port": str(options.ui or 0),
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(options.partitions),
        "spark.sql.streaming.stateStore.providerClass": (
            "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
        ),
        "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "true",
    }
    if options.cores is not None:
        properties["spark.cores.max"] = str(options.cores)
    return {**properties, **options.properties}


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process, which Spark's launcher inherits, for the time of the block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _start(properties: Mapping[str, str], logs: _Logs) -> SparkContext:
    from py4j.protocol import Py4JError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import launch_gateway

    conf = SparkConf(loadDefaults=False).setAll(list(properties.items()))
    with logs.output.open("wb") as output:
        try:
            # Started here, so that Java's own words go to a file. A former session's runs until this process ends.
            java = getattr(SparkContext, "_gateway", None) or launch_gateway(conf, {"stdout": output, "stderr": output})
            return SparkContext(conf=conf, gateway=java)
        except (PySparkException, Py4JError, OSError) as error:
            said = _first_exception(str(error)) if isinstance(error, Py4JError) else _last_words(logs.output)
            where = f"see {logs.file} and {logs.output}"
            raise SparkError(f"Spark does not start: {said or error}", hint=where) from error


def _first_exception(text: str) -> str | None:
    """The message of an exception of Java, as Py4J reports it.

    >>> _first_exception("An error occurred while calling None.\\n: java.lang.Error: no port\\n\\tat A.b(A.java)\\n")
    'no port'
    """
    found = re.search(r"^: (?:[\w.$]+: )?(.+)", text, re.M)
    return found and found[1]


def _last_words(output: Path) -> str | None:
    return complaint(output.read_text(errors="replace"))


def _require_master(master: str) -> None:
    """Raise SparkError at once if nothing answers at a cluster's address: Spark itself would try for a minute."""
    if not master.startswith("spark://"):
        return
    # Several, for a master with others that stand by: spark://one:7077,two:7077
    addresses = [(found["host"].strip("[]"), int(found["port"])) for found in _ADDRESS.finditer(master)]
    for address in addresses:
        try:
            socket.create_connection(address, timeout=_PATIENCE).close()
        except OSError:
            continue
        return
    raise SparkError(f"no Spark master answers at {master}", hint="start one: stockstream spark cluster")
