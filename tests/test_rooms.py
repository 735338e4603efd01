"""Every package says what belongs in it, and which of its modules to read first."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "stockstream"
ROOMS = sorted(path.parent.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*/__init__.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_package_names_its_first_module(room: str) -> None:
    folder = PACKAGE / room
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    named = {name.removesuffix(".py") for name in re.findall(r"`([\w.]+)`", text)}
    present = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()} - {"__init__"}
    assert named & present, text


def test_no_file_has_more_than_400_lines() -> None:
    long = {
        path.as_posix(): count
        for folder in (PACKAGE, Path(__file__).parent)
        for path in folder.rglob("*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert not long
