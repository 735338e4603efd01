"""Values that a setting and an option of the command line share."""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

Backend = Literal["auto", "tk", "qt"]
BACKENDS: Final[tuple[str, ...]] = get_args(Backend)
"""The toolkits that a window may be opened with."""

Theme = Literal["light", "dark", "contrast"]
THEMES: Final[tuple[str, ...]] = get_args(Theme)
"""The colours of windows and pictures."""

S3_PREFIX: Final = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^?#]*)?")
"""A bucket of S3, and a prefix in it."""

DATABASE: Final = "[a-z0-9_-]{1,255}"
"""The name of a database of Glue."""
