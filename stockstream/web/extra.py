"""The packages of the extra ``web``: checked before a module that needs them is imported."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from stockstream.errors import StockstreamError

PACKAGES: Final = ("argon2", "fastapi", "limits", "python_multipart", "uvicorn")

PORT: Final = 8017
"""The port on which the page is served unless another is named."""

STATIC: Final = Path(__file__).parent / "static"
LIBRARY: Final = STATIC / "vendor" / "lightweight-charts.js"
"""The drawing library of the page: built from a lock by npm, and carried in the wheel."""


def require_web() -> None:
    """Raise `StockstreamError` with what to do, unless the extra ``web`` is installed."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        what = f"package {missing[0]}" if len(missing) == 1 else f"packages {', '.join(missing)}"
        raise StockstreamError(f"the page needs the {what}", hint="pip install 'stockstream[web]'")


def require_assets() -> None:
    """Raise `StockstreamError` with what to do, unless the page's assets were built."""
    if not LIBRARY.is_file():
        raise StockstreamError(
            "the page's drawing library is missing: it is not part of a clone", hint="`make web` fetches it with npm"
        )
