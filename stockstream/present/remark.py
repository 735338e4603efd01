"""Remark in a panel that shows nothing, or not all that it could."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from stockstream.views.frame import Frame
from stockstream.views.marks import Panel


def blank(columns: Sequence[str], frame: Frame) -> bool:
    """Whether none of the columns of a panel has a value."""
    return not any(_any(frame, name, np.isfinite) for name in columns)


def remark(spec: Panel, columns: Sequence[str], frame: Frame) -> str:
    """Why a panel whose marks draw ``columns`` is empty, or what it lacks; empty if it lacks nothing."""
    if not len(frame):
        return ""
    if lacking := [(what, name) for what, name in spec.needs if not _any(frame, name, _positive)]:
        return ";  ".join(f"{what}: no {name} in these bars".removeprefix(": ") for what, name in lacking)
    return _absence(columns, frame) if blank(columns, frame) else ""


def _absence(columns: Sequence[str], frame: Frame) -> str:
    """Why no column has a value."""
    reasons = dict.fromkeys(frame.reason(name) for name in columns)
    if None in reasons:
        return "not enough bars yet"
    return f"undefined: {'; '.join(filter(None, reasons))}".removesuffix(": ") if reasons else ""


def _any(frame: Frame, name: str, test: Callable[[np.ndarray], np.ndarray]) -> bool:
    """Whether any value of a column passes a test; tries the newest first, which mostly does."""
    return name in frame and (bool(test(frame[name][-1:]).any()) or bool(test(frame[name]).any()))


def _positive(values: np.ndarray) -> np.ndarray:
    return np.asarray(values > 0)
