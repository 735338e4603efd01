"""Entry point: the command ``stockstream``, and ``python -m stockstream``."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """Import the command line, which Ctrl-C ends without a word, and run it."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # a parent may have it ignored
    if ours:
        signal.signal(signal.SIGINT, _leave)
    from stockstream.cli.main import run

    if ours:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


def _leave(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - a signal handler's shape
    # An import of compiled code may turn an exception into another one; and there is nothing to clean up yet.
    os._exit(128 + number)


if __name__ == "__main__":
    main()
