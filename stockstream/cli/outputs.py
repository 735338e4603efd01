"""Output files of commands: checked before anything is read; foreign files are never overwritten."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from stockstream.cli.panels import FILES
from stockstream.files import is_ours

ForceOption = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Also overwrite files that stockstream did not write.",
        rich_help_panel=FILES,
    ),
]


JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@dataclass(frozen=True)
class Kind:
    """Kind of an output file, and the suffixes of its names."""

    what: str
    suffixes: tuple[str, ...]


PICTURE: Final = Kind("a picture", (".png", ".svg", ".pdf"))
TABLE: Final = Kind("a table", (".csv",))
PARQUET: Final = Kind("a Parquet file", (".parquet",))
PAGE: Final = Kind("a page", (".html", ".htm"))
FLIGHTS: Final = Kind("a CSV file", (".csv",))


def check(path: Path | None, kind: Kind, option: str, *, force: bool) -> None:
    """Refuse a file that cannot or should not be written. Raises typer.BadParameter.

    Parameters
    ----------
    path
        The file; None is accepted.
    kind
        Its kind.
    option
        The option that names it, for the error.
    force
        Whether foreign files may be overwritten.
    """
    wrong = None if path is None else _wrong(path, kind, force=force)
    if wrong:
        raise typer.BadParameter(wrong, param_hint=option)


def check_name(path: Path, kind: Kind, option: str) -> None:
    """Refuse a name with another suffix. Raises typer.BadParameter."""
    wrong = _wrong_name(path, kind)
    if wrong:
        raise typer.BadParameter(wrong, param_hint=option)


def _wrong_name(path: Path, kind: Kind) -> str | None:
    if path.suffix.lower() in kind.suffixes:
        return None
    return f"{path} is not a name of {kind.what}: it should end in {' or '.join(kind.suffixes)}"


def _wrong(path: Path, kind: Kind, *, force: bool) -> str | None:
    named = _wrong_name(path, kind)
    if named:
        return named
    try:
        if path.is_dir():
            return f"{path} is a folder"
        if not path.parent.is_dir():
            return f"there is no folder {path.parent}"
        if not os.access(path.parent, os.W_OK | os.X_OK):
            return f"nothing may be written to the folder {path.parent.absolute()}"
        if not force and path.exists() and not is_ours(path):
            return f"{path} exists and stockstream did not write it: choose another name, or --force to overwrite it"
    except OSError as error:
        return f"{path}: {(error.strerror or str(error)).lower()}"
    return None
