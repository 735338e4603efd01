"""What tests of several sources share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.producers.yahoo_standin import Standin, standing_in


@pytest.fixture
def standin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    """A stand-in for Yahoo, to which this process is led by its environment."""
    with standing_in(tmp_path) as standin:
        for name, value in standin.environment.items():
            monkeypatch.setenv(name, value)
        yield standin
