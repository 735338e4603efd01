"""A settings file of a test, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from stockstream.config import load
from stockstream.errors import ConfigError


def failure(tmp_path: Path, text: str, environ: Mapping[str, str] | None = None) -> str:
    """The message about a file, its path shortened."""
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(file, environ=environ or {})
    return str(caught.value).replace(str(file), "c.yaml")
