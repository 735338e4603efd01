"""The damage that `make chaos` does to a saved state is one that only its checksum notices."""

from __future__ import annotations

from pathlib import Path
from random import Random
from unittest.mock import patch

import pytest

from chaos.altered import no_checksum
from chaos.faults.states import change_counts
from stockstream.records import FlightDay
from stockstream.views.checkpoint import Checkpoint, Saved
from stockstream.views.flights import FlightsFold
from stockstream.views.fold import Pages, Selection
from tests.views.bars import restorable

TOPIC = "a-topic"


def saved_counts(folder: Path) -> Pages:
    fold = FlightsFold(Selection())
    fold.apply([FlightDay("a-file", row, 2015, 1, 1 + row // 90, ("AA", "DL", "UA")[row % 3]) for row in range(2_000)])
    checkpoint = Checkpoint(folder)
    checkpoint.save(TOPIC, Saved({0: 2_000}, None, fold.pages()))
    checkpoint.close()
    return fold.pages()


def loaded(folder: Path) -> Saved | None:
    checkpoint = Checkpoint(folder)
    try:
        return checkpoint.load(TOPIC)
    finally:
        checkpoint.close()


@pytest.mark.parametrize("seed", range(8))
def test_changed_counts_are_a_state_to_whoever_has_no_checksum(seed: int, tmp_path: Path) -> None:
    with_checksum, without = tmp_path / "with", tmp_path / "without"
    before = saved_counts(with_checksum)
    no_checksum()
    try:
        saved_counts(without)
        damage(without, seed)
        found = loaded(without)
    finally:
        patch.stopall()
    assert found is not None
    fold = FlightsFold(Selection())
    fold.restore(restorable(found.pages))
    assert fold.pages() != before
    damage(with_checksum, seed)
    assert loaded(with_checksum) is None


def damage(folder: Path, seed: int) -> None:
    file = folder / "checkpoint.sqlite"
    data = bytearray(file.read_bytes())
    assert change_counts(data, Random(seed)) > 0
    file.write_bytes(data)
