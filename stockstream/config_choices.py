"""Values that a setting and an option of the command line share."""

from __future__ import annotations

from typing import Final, Literal, get_args

Backend = Literal["auto", "tk", "qt"]
BACKENDS: Final[tuple[str, ...]] = get_args(Backend)
"""The toolkits that a window may be opened with."""

Theme = Literal["light", "dark", "contrast"]
THEMES: Final[tuple[str, ...]] = get_args(Theme)
"""The colours of windows and pictures."""
