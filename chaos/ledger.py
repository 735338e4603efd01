"""Ledger: every trial as a line of JSON, so that a run can be ended and resumed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from chaos.trial import Trial
from stockstream.files import private_folder


class Ledger:
    """The trials of all runs with the same folder.

    Parameters
    ----------
    folder
        Folder of the ledger; created if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "trials.jsonl"

    def add(self, trial: Trial) -> None:
        """Append a trial."""
        private_folder(self.path.parent)
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(trial) + b"\n")

    def trials(self) -> list[Trial]:
        """The trials in the ledger; a line that a kill cut short is ignored."""
        return list(self._read())

    def _read(self) -> Iterator[Trial]:
        if not self.path.exists():
            return
        for line in self.path.read_bytes().splitlines():
            try:
                yield msgspec.json.decode(line, type=Trial)
            except msgspec.DecodeError:
                continue
