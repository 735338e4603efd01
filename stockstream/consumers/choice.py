"""Choice: what a saved state is of, in a file beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from stockstream.errors import StateError, StockstreamError
from stockstream.files import write_private
from stockstream.views.fold import Selection, Value

CHOICE: Final = "choice.json"
"""The file beside a saved state that says what it is of: its folder's name cannot be read back."""


class Choice(msgspec.Struct, frozen=True):
    """What a saved state is of: the selection, and the view's parameters by name."""

    selection: Selection
    parameters: dict[str, Value]

    def write(self, folder: Path) -> None:
        """Write it beside the state. Raises StateError if that fails."""
        try:
            write_private(folder / CHOICE, msgspec.json.encode(self))
        except StockstreamError as error:
            raise StateError(f"the state is not saved: {error.message}") from error

    @classmethod
    def read(cls, folder: Path) -> Choice:
        """Read it. Raises StateError if it is missing or damaged."""
        try:
            return msgspec.json.decode((folder / CHOICE).read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError) as error:
            raise StateError(
                f"{folder}: it is not known what this state is of", hint="open its window once, or delete the folder"
            ) from error
