"""Choice of a GUI toolkit that can open a window here, without importing matplotlib."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from stockstream.errors import DisplayError
from stockstream.present.geometry import Geometry

ToolkitObject: TypeAlias = Any
"""A part of a window, of Tk or of Qt: matplotlib gives it no type, and what it can do depends on the toolkit."""

BACKENDS: Final[Mapping[str, str]] = {"tk": "TkAgg", "qt": "QtAgg"}
"""matplotlib's backend for each toolkit, in the order in which they are tried."""

# They print the work area of the screen: left, top, width, height.
_PROBES: Final[Mapping[str, str]] = {
    "tk": "import tkinter; root = tkinter.Tk(); print(0, 0, *root.maxsize())",
    "qt": "from PySide6.QtWidgets import QApplication as A; r = A([]).primaryScreen().availableGeometry();"
    "print(r.x(), r.y(), r.width(), r.height())",
}
_NEEDS: Final[Mapping[str, str]] = {
    "tk": "install Tk for this Python (Debian: apt install python3-tk)",
    "qt": "install the qt extra: pip install 'stockstream[qt]'",
}
_TIME_OUT: Final = 30.0
_HEADLESS: Final = "draw to a file instead: --headless FILE.png"


def choose(wanted: str = "auto") -> str:
    """Find a backend of matplotlib that can open a window here.

    Parameters
    ----------
    wanted
        "tk", "qt", or "auto" for the first of them that works.

    Raises
    ------
    DisplayError
        If none works, or there is no display.
    """
    toolkits = list(BACKENDS) if wanted == "auto" else [wanted]
    require_display()
    failures = {}
    for toolkit in toolkits:
        failure = probe(toolkit)
        if failure is None:
            return BACKENDS[toolkit]
        failures[toolkit] = failure
    reasons = "; ".join(f"{toolkit}: {failure}" for toolkit, failure in failures.items())
    needs = "" if wanted == "auto" else f"{_NEEDS[wanted]}, or "
    raise DisplayError(f"no window can be opened here ({reasons})", hint=f"{needs}{_HEADLESS}")


def require_display() -> None:
    """Raise DisplayError if the environment names no display."""
    if not has_display():
        raise DisplayError("there is no display (DISPLAY and WAYLAND_DISPLAY are not set)", hint=_HEADLESS)


def has_display() -> bool:
    """Whether the environment names a display."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def probe(toolkit: str) -> str | None:
    """Reason why a toolkit opens no window here, None if it does."""
    return _tried(toolkit)[0]


def screen(backend: str) -> Geometry:
    """Work area of the screen for a backend of matplotlib. Raises DisplayError."""
    toolkit = next(toolkit for toolkit, name in BACKENDS.items() if name == backend)
    failure, output = _tried(toolkit)
    if failure is not None:
        raise DisplayError(f"the screen's size is not known ({toolkit}: {failure})", hint=_HEADLESS)
    left, top, width, height = map(int, output.split())
    return Geometry(width, height, left, top)


def _tried(toolkit: str) -> tuple[str | None, str]:
    """Reason why a toolkit opens no window here, and what it prints about the screen.

    It is tried in a separate process, because a toolkit without its libraries or display may end the process.
    """
    try:
        tried = subprocess.run(
            [sys.executable, "-c", _PROBES[toolkit]], capture_output=True, text=True, timeout=_TIME_OUT, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {_TIME_OUT:.0f} s", ""
    if tried.returncode == 0:
        return None, tried.stdout
    lines = [line.strip() for line in tried.stderr.splitlines() if line.strip()]
    if not lines:
        return f"it ended with {tried.returncode}", ""
    return lines[-1].partition("Error: ")[2] or lines[-1], ""
