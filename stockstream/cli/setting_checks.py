"""Checks of the settings that need the whole package: parameters of windows, and rules of alerts.

Importing all indicators and views takes a third of a second of CPU. Settings that were found right are remembered by
their digest, so that a command which draws nothing need not check them again.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stockstream.errors import StockstreamError
from stockstream.files import private_folder, write_private
from stockstream.version import VERSION

if TYPE_CHECKING:  # pydantic, which `--help` does not need
    from stockstream.config import Settings

FILE: Final = "checked-settings"
"""The file of digests in the folder of states."""

_PACKAGE: Final = Path(__file__).parents[1]

_MOST: Final = 20
"""Number of digests that are kept, the newest first: users have a settings file or a few."""


def check(settings: Settings, note: Callable[[str], None]) -> None:
    """Check the windows' parameters and the rules, unless these were found right before.

    Raises ConfigError, after ``note`` has got a rule that is wrong, with the place.
    """
    if not settings.views and not settings.alerts.rules:
        return
    digest, file = _digest(settings), settings.state_dir / FILE
    former = _digests(file)
    if digest in former:
        return
    if settings.views:
        from stockstream.consumers.view_settings import check as check_views

        check_views(settings)
    if settings.alerts.rules:
        from stockstream.alerts.configured import rules_of

        rules_of(settings, note)
    with suppress(OSError, StockstreamError):  # then they are checked again
        private_folder(file.parent)
        write_private(file, "\n".join([digest, *former][:_MOST]).encode())


def _digest(settings: Settings) -> str:
    """A digest of all that the result depends on: our code, what is installed, plug-ins, and what is written."""
    plugins = [(str(path), _written(path)) for path in settings.plugins]
    alerts, window = settings.alerts, settings.window
    code = max(_written(path) for path in _PACKAGE.rglob("*.py"))  # of 640 files in 5 ms: a checkout changes
    folders = [Path(path) for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    installed = [_written(path) for path in folders]  # changes with each package that comes or goes
    written = (settings.views, alerts.rules, alerts.groups, window.alerts, window.alert_band)
    text = repr((VERSION, code, installed, plugins, written))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _written(path: Path) -> int:
    """When a file was last written, in nanoseconds; 0 if it cannot be read."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _digests(file: Path) -> list[str]:
    try:
        return file.read_text("ascii").split()
    except (OSError, UnicodeDecodeError):
        return []
