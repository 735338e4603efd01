"""Fixtures of the tests of stock files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.producers.stock_csv.helpers import Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, *lines: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
        return path

    return write
