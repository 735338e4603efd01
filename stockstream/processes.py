"""Child processes that end when their parent ends, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

# Stands between fork and the program, in a process of its own: Python code in a child that is forked from a process
# with threads (librdkafka's, say) may lock up. With "kernel" it asks the kernel for a signal at our death and becomes
# the program; the parent is looked for afterwards, as it may be gone. With "watch" it stays, and looks for the parent.
_SHIM: Final = """
import os, signal, sys
how, parent, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if how == "kernel":
    import ctypes
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() == parent:
        os.execv(sys.argv[4], sys.argv[4:])
else:
    import subprocess, time
    program = subprocess.Popen(sys.argv[4:], close_fds=False)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda got, _: program.send_signal(got))
    while program.poll() is None:
        if os.getppid() != parent:
            program.send_signal(number)
            program.wait()
        time.sleep(0.1)
    sys.exit(program.returncode if program.returncode >= 0 else 128 - program.returncode)
"""

_BY_KERNEL: Final = sys.platform == "linux"

# Signals that ask a program to end, beside Ctrl-C's, and the one that ends it at once.
if sys.platform == "win32":
    ENDING: Final = (signal.SIGTERM,)
    KILL: Final = signal.SIGTERM
else:
    ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
    KILL: Final = signal.SIGKILL


class Terminated(KeyboardInterrupt):
    """Such a signal has come. What takes a Ctrl-C for itself, as a prompt does, leaves this one to the program."""


def spawn(
    command: Sequence[str],
    at_our_death: signal.Signals,
    *,
    by_kernel: bool = _BY_KERNEL,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdout: IO[bytes] | int | None = None,
    stderr: IO[bytes] | int | None = None,
    pass_fds: Sequence[int] = (),
    umask: int = -1,
) -> subprocess.Popen[bytes]:
    """Start a program that gets a signal when we are gone, even if we were killed.

    It has a session of its own, so that a Ctrl-C in the terminal reaches us alone, and we end it in order. On Linux the
    kernel sends the signal when the *thread* that started the program ends: hence the main thread. Elsewhere a small
    process is started between us and the program, and checks ten times a second that we run.

    Parameters
    ----------
    command
        The program, its whole path, and its arguments.
    at_our_death
        The signal.
    by_kernel
        Whether the kernel sends it.
    cwd, env, stdout, stderr, pass_fds, umask
        As those of `subprocess.Popen`.

    Raises
    ------
    RuntimeError
        On another thread than the main one.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("a program must be started from the main thread: it ends with the thread that started it")
    how = "kernel" if by_kernel else "watch"
    shim = (sys.executable, "-I", "-S", "-c", _SHIM, how, str(os.getpid()), str(int(at_our_death)))
    return subprocess.Popen(
        [*shim, *command],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        cwd=cwd,
        env=env,
        pass_fds=pass_fds,
        umask=umask,
        start_new_session=True,
    )


def ask(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end."""
    process.terminate()
    if sys.platform != "win32":
        process.send_signal(signal.SIGCONT)  # a stopped one would never hear it


def kill(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """End at once, and wait for, what `spawn` started, with all that it has started in its session."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, KILL)
    process.kill()
    process.wait()
