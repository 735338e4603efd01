"""Saving of a scene: as a picture, or the rows in view as a CSV file."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from stockstream.charts.scene.scene import Scene
from stockstream.errors import StockstreamError
from stockstream.files import MARK, replacing
from stockstream.present.plot_data import group_column
from stockstream.views.frame import Frame, table
from stockstream.views.marks import Groups
from stockstream.views.view import AnyView

FORMATS: Final = ("png", "svg", "pdf")
"""Picture formats, in the order of the key that switches them."""


def file_name(view: AnyView, key: str, now: datetime, form: str) -> str:
    """File name: view, key and UTC time, valid on every system."""
    parts = (view.name, key, f"{now:%Y%m%dT%H%M%SZ}")
    return "-".join(re.sub(r"[^\w.]+", "_", part) for part in parts if part) + f".{form}"


def format_after(form: str) -> str:
    """The next format."""
    return FORMATS[(FORMATS.index(form) + 1) % len(FORMATS)]


def saved(path: Path, write: Callable[[Path], object]) -> str:
    """Write a file; returns the message for the user."""
    try:
        write(path)
    except StockstreamError as error:
        return error.message
    return f"saved {path} in {path.absolute().parent}"


def save_picture(scene: Scene, path: Path) -> None:
    """Write a picture of the scene, without crosshair and the like; the suffix determines the format.

    Raises `StockstreamError` where it cannot be written.
    """
    with scene.at_rest():
        save_figure(scene.figure, path)


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure, including animated artists; the suffix determines the format.

    Raises `StockstreamError` where it cannot be written.
    """
    file = io.BytesIO()
    form = path.suffix[1:].lower()
    figure.savefig(file, format=form, dpi="figure", metadata=metadata(form))
    _write(path, file.getvalue())


def metadata(form: str) -> dict[str, str]:
    """Metadata of a picture in one of `FORMATS`: the program that made it."""
    return {"Software" if form == "png" else "Creator": MARK}


def save_rows(scene: Scene, view: AnyView, path: Path) -> int:
    """Write the rows in view as CSV, with the columns of ``--values``; returns how many.

    Raises `StockstreamError` where it cannot be written.
    """
    text = io.StringIO(newline="")
    rows = list(table(_in_view(scene, view)))
    csv.writer(text, lineterminator="\n").writerows(rows)
    _write(path, text.getvalue().encode())
    return max(0, len(rows) - 1)


def _in_view(scene: Scene, view: AnyView) -> Iterator[tuple[str, str, Frame]]:
    """Each key's rows in view, as `stockstream.views.frame.table` takes them."""
    left, right = scene.viewport.across
    plot_data = scene.plot_data
    frame = plot_data.frame.slice(slice(max(0, math.ceil(left)), max(0, math.floor(right) + 1)))
    if not plot_data.groups:
        yield view.key_name, plot_data.key, frame
        return
    names = [mark.column for panel in view.panels for mark in panel.marks if isinstance(mark, Groups)]
    for group in plot_data.groups:
        columns = {name: frame[group_column(name, group.key)] for name in names}
        known = np.logical_or.reduce([np.isfinite(column) for column in columns.values()])
        kept = {name: _whole(column[known]) for name, column in columns.items()}
        yield view.key_name, group.key, Frame(frame.index, {frame.index: frame.instants[known], **kept})


def _whole(column: np.ndarray) -> np.ndarray:
    """Counts as integers again; missing values had made them floats."""
    counts = bool(np.all(np.isfinite(column)) and np.all(column == np.floor(column)))
    return column.astype(np.int64) if counts else column


def _write(path: Path, content: bytes) -> None:
    with replacing(path, hint="start in another folder") as beside:
        beside.write_bytes(content)
