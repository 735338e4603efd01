"""The example of docs/extending.md, as a user would have written it."""

from __future__ import annotations

import re
from pathlib import Path

_GUIDE = Path(__file__).parents[1] / "docs" / "extending.md"


def write_files(folder: Path) -> None:
    """Write each file that the guide shows: its name stands in its first line."""
    files = re.findall(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", _GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(files) == 4
    for name, text in files:
        (folder / name).write_text(text)
