"""A session of Spark: our Java and jars, loopback only, RocksDB for states, times in UTC, and a log of limited size."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stockstream.errors import SparkError
from stockstream.kafka.jars import Progress, fetch
from stockstream.kafka.java import complaint
from stockstream.spark.access import access_file, is_loopback
from stockstream.spark.environment import LOOPBACK, WARNINGS, environment, is_memory, python_warnings
from stockstream.spark.extra import require_spark
from stockstream.spark.jars import CONNECTOR
from stockstream.spark.logs import Logs
from stockstream.spark.package import archive

if TYPE_CHECKING:  # an extra, and slow to import
    from pyspark.sql import SparkSession

    from stockstream.config import Settings

_PATIENCE: Final = 5.0  # seconds for a master to take a connection
_EXECUTOR_PATIENCE: Final = 180.0
_BEAT: Final = 0.2
_KEPT_BATCHES: Final = 5  # a job goes on from the last one; Spark keeps the states of 100 otherwise
_KEPT_PROGRESS: Final = 20
_ADDRESS: Final = re.compile(r"(?P<host>\[[^\]]+\]|[^:/,]+):(?P<port>\d{1,5})")
_MASTER: Final = re.compile(
    r"spark://(\[[^\]]+\]|[^:/,]+):\d{1,5}(,(\[[^\]]+\]|[^:/,]+):\d{1,5})*|local(\[([1-9]\d*|\*)\])?|yarn|k8s://.+"
)


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
    ship
        Whether this package goes with the application, so that executors have the same version.
    python
        Python of the executors, which has the packages that this one needs; None for this one.
    archives
        Archives that are unpacked for executors, as ``FILE#NAME``: an environment for ``python``, say.
    ui
        Port of Spark's own page, on the loopback address; None for no page.
    properties
        Further properties of Spark, which win over ours.
    properties_file
        A file of properties, which win over those of Spark's own folder: secrets belong there, as the command lines of
        processes are seen by all. None for that of our own cluster, where ``master`` is one.
    """

    master: str = "local[*]"
    driver_memory: str = "1g"
    executor_memory: str = "700m"
    cores: int | None = None
    partitions: int = 4
    host: str = LOOPBACK
    ship: bool = False
    python: str | None = None
    archives: tuple[str, ...] = ()
    ui: int | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    properties_file: Path | None = None

    def __post_init__(self) -> None:
        """Raise SparkError for a value that Spark would refuse without saying where it comes from."""
        for memory in (self.driver_memory, self.executor_memory):
            if not is_memory(memory):
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
    for beginning in WARNINGS:
        warnings.filterwarnings("ignore", beginning)
    from pyspark.sql import SparkSession

    running: SparkSession | None = SparkSession.getActiveSession()
    if running is not None:
        return running
    require_reachable(options)
    _require_master(options.master)
    jars = fetch(settings.cache_dir, CONNECTOR, on_progress=on_progress, on_damaged=on_damaged)
    logs = Logs(settings.state_dir, name)
    properties = _properties(name, options, jars, logs)
    package = archive(settings.cache_dir) if options.ship else None
    secrets = options.properties_file or access_file(settings, options.master)
    variables = environment(settings.cache_dir, options.host)
    variables["PYSPARK_PYTHON"] = properties["spark.pyspark.python"]
    if secrets is not None:
        named = shlex.quote(str(secrets.absolute()))
        variables["PYSPARK_SUBMIT_ARGS"] = f"--properties-file {named} --load-spark-defaults pyspark-shell"
    with _environment(variables), _ctrl_c_kept():
        spark = _started(properties, logs)
    if package is not None:
        spark.sparkContext.addPyFile(str(package))
    if options.master.startswith("spark://"):
        _require_executor(spark, options, logs)
    return spark


def _properties(name: str, options: SessionOptions, jars: list[Path], logs: Logs) -> dict[str, str]:
    properties = {
        "spark.master": options.master,
        "spark.app.name": name,
        "spark.jars": ",".join(str(jar.absolute()) for jar in jars),
        "spark.driver.host": options.host,
        "spark.driver.bindAddress": options.host,
        "spark.driver.memory": options.driver_memory,
        "spark.driver.extraJavaOptions": f"{logs.java_options} -XX:-UsePerfData",
        "spark.executor.memory": options.executor_memory,
        "spark.executor.extraJavaOptions": "-XX:-UsePerfData",
        "spark.executor.logs.rolling.strategy": "size",
        "spark.executor.logs.rolling.maxSize": "2000000",
        "spark.executor.logs.rolling.maxRetainedFiles": "3",
        "spark.executorEnv.PYTHONWARNINGS": python_warnings(),
        "spark.pyspark.python": options.python or sys.executable,
        "spark.ui.enabled": str(options.ui is not None).lower(),
        "spark.ui.port": str(options.ui or 0),
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": str(options.partitions),
        "spark.sql.streaming.stateStore.providerClass": (
            "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
        ),
        "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "true",
        "spark.sql.streaming.minBatchesToRetain": str(_KEPT_BATCHES),
        "spark.sql.streaming.numRecentProgressUpdates": str(_KEPT_PROGRESS),
    }
    if options.master.startswith("local"):
        # Other users of the machine reach its ports, too; Spark itself makes the secret.
        properties["spark.authenticate"] = "true"
    if options.archives:
        properties["spark.archives"] = ",".join(options.archives)
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


@contextmanager
def _ctrl_c_kept() -> Iterator[None]:
    """PySpark takes Ctrl-C, to cancel what runs; a program that has decided what it does keeps it."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        kept = before not in (None, signal.default_int_handler)  # None is a handler that Python cannot set again
        if kept and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)


def _started(properties: Mapping[str, str], logs: Logs) -> SparkSession:
    from py4j.protocol import Py4JError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    conf = SparkConf(loadDefaults=False).setAll(list(properties.items()))
    where = f"see {logs.file} and {logs.output}"
    with logs.output.open("wb") as output:
        try:
            # Started here, so that Java's own words go to a file. A former session's runs until this process ends.
            java = getattr(SparkContext, "_gateway", None) or launch_gateway(conf, {"stdout": output, "stderr": output})
            SparkContext(conf=conf, gateway=java)
            return SparkSession.builder.getOrCreate()
        except (PySparkException, Py4JError, OSError) as error:
            if "stopped SparkContext" in str(error):
                raise SparkError(
                    f"{properties['spark.master']} does not take this application",
                    hint=f"if it is another user's or machine's, it needs the properties of that cluster; {where}",
                ) from error
            said = _first_exception(str(error)) if isinstance(error, Py4JError) else _last_words(logs.output)
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


def _require_executor(spark: SparkSession, options: SessionOptions, logs: Logs) -> None:
    """Wait for the first executor. Raises SparkError if none comes: Spark itself would wait without end or word."""
    context: Any = vars(spark.sparkContext)["_jsc"].sc()
    status = context.getExecutorMemoryStatus
    until = time.monotonic() + _EXECUTOR_PATIENCE
    while status().size() < 2:  # the driver is one
        if time.monotonic() > until:
            spark.stop()
            raise SparkError(
                f"{options.master} has given no executor in {_EXECUTOR_PATIENCE:.0f} s",
                hint=f"a worker must offer a free core and {options.executor_memory} of memory, which other jobs may"
                f" have taken (--cores, --memory); see {logs.file}",
            )
        time.sleep(_BEAT)


def require_reachable(options: SessionOptions) -> None:
    """Raise SparkError if the master is on another machine, and its executors are told to come to a loopback address.

    They would end one after another, which looks as if the cluster had no room.
    """
    found = _ADDRESS.finditer(options.master) if options.master.startswith("spark://") else ()
    elsewhere = [each["host"] for each in found if not is_loopback(each["host"])]
    if elsewhere and is_loopback(options.host):
        raise SparkError(
            f"executors of a cluster at {elsewhere[0]} cannot reach this machine at {options.host}",
            hint="give its address: stockstream spark submit JOB --host ADDRESS",
        )


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
