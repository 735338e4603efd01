"""Assets of the page that others make: fetched by npm from a committed lock, and laid beside our own.

``python stockstream/web/assets.py`` does so in a clone, and so does the build of a wheel: standard library only.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
VENDOR: Final = HERE / "static" / "vendor"

_PACKAGE: Final = "lightweight-charts"
_FILES: Final = {
    "dist/lightweight-charts.standalone.production.mjs": f"{_PACKAGE}.js",
    "LICENSE": f"{_PACKAGE}.LICENSE",
}
_NOTICE: Final = f"{_PACKAGE}.NOTICE"
NAMES: Final = (*_FILES.values(), _NOTICE)
"""The files in `VENDOR`."""

_NOTICE_TEXT: Final = """TradingView Lightweight Charts(tm)
Copyright (c) 2025 TradingView, Inc. https://www.tradingview.com/
"""


class AssetsError(Exception):
    """The assets cannot be fetched."""


def are_built() -> bool:
    """Whether all files are there."""
    return all((VENDOR / name).is_file() for name in NAMES)


def build() -> None:
    """Fetch the assets. Raises `AssetsError` with what to do."""
    npm = shutil.which("npm")
    if npm is None:
        raise AssetsError("the page's drawing library needs npm: install Node.js, then run `make web`")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / "npm" / name, folder)
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        if subprocess.run(command, cwd=folder, check=False).returncode:
            raise AssetsError("npm could not fetch the page's drawing library (see above)")
        VENDOR.mkdir(parents=True, exist_ok=True)
        for source, name in _FILES.items():
            shutil.copy(Path(folder, "node_modules", _PACKAGE, source), VENDOR / name)
    (VENDOR / _NOTICE).write_text(_NOTICE_TEXT, encoding="utf-8")


def main() -> int:
    """Fetch the assets unless they are there."""
    try:
        if not are_built():
            build()
    except AssetsError as error:
        sys.stderr.write(f"stockstream: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
