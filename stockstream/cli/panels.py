"""Groups of options in ``--help``."""

from __future__ import annotations

from typing import Final

PARAMETERS: Final = "Parameters"
CHOICE: Final = "What is sent"
READING: Final = "How the input is read"
ROWS: Final = "What is shown"
WINDOW: Final = "The window"
FILES: Final = "Files"
RUN: Final = "The run"

ORDER: Final = (PARAMETERS, CHOICE, ROWS, READING, WINDOW, FILES, RUN)
