"""Symbol and interval from the name of a file."""

from __future__ import annotations

import re
from typing import Final

from stockstream.intervals import is_interval

_NAME: Final = re.compile(r"(?P<symbol>.+)[_-](?P<interval>[0-9]+(m|h|d|wk|mo|y))")
_SUFFIX: Final = re.compile(r"(\.csv|\.txt|\.tsv)?(\.gz|\.zip)?$", re.IGNORECASE)
_COPY: Final = re.compile(r"\s*\(\d+\)$")
_VENDOR: Final = re.compile(r"\s+(Stock Price History|Historical Data|Historical Prices)$", re.IGNORECASE)


def named(file: str) -> tuple[str, str | None]:
    """Symbol and interval in the name of a file.

    >>> named("data/AAPL_1m.csv"), named("MSFT.csv.gz"), named("BRK-B.csv"), named("IBM Historical Data (2).csv")
    (('AAPL', '1m'), ('MSFT', None), ('BRK-B', None), ('IBM', None))
    """
    stem = _COPY.sub("", _SUFFIX.sub("", re.split(r"[/\\]", file)[-1]))
    stem = _VENDOR.sub("", stem)
    found = _NAME.fullmatch(stem)
    if found is None or not is_interval(found["interval"]):
        return stem.upper(), None
    return found["symbol"].upper(), "1h" if found["interval"] == "60m" else found["interval"]
