"""State and offsets are saved together, or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stockstream.errors import StateError
from stockstream.views.checkpoint import Checkpoint, Saved

SAVED = Saved({0: 5, 2: 17}, datetime(2026, 3, 2, tzinfo=UTC), b"state")


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "deep" / "down")
    assert checkpoint.load("one") is None
    checkpoint.save("one", SAVED)
    checkpoint.close()
    again = Checkpoint(tmp_path / "deep" / "down")
    assert again.load("one") == SAVED
    assert again.load("two") is None
    again.save("two", SAVED._replace(received=None))
    assert again.load("one") is None
    assert again.load("two") == SAVED._replace(received=None)
    again.close()


def test_a_second_process_reads_and_does_not_write(tmp_path: Path) -> None:
    first = Checkpoint(tmp_path)
    first.save("one", SAVED)
    second = Checkpoint(tmp_path)
    assert first.writes
    assert not second.writes
    assert second.load("one") == SAVED
    second.close()
    first.close()
    third = Checkpoint(tmp_path)
    assert third.writes
    third.close()


def test_a_second_process_that_comes_before_the_first_save_finds_nothing(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    first = Checkpoint(tmp_path)
    second = Checkpoint(tmp_path)
    assert second.load("one") is None
    second.close()
    first.close()


def test_a_damaged_file_is_named_and_says_how_to_rebuild(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.sqlite").write_bytes(b"not a database, whatever its name says" * 100)
    with pytest.raises(StateError, match="delete the folder") as told:
        Checkpoint(tmp_path)
    assert str(tmp_path / "checkpoint.sqlite") in told.value.message


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="no state can be kept"):
        Checkpoint(tmp_path / "file" / "below")


_SAVER = """
import sys
from pathlib import Path
from stockstream.views.checkpoint import Checkpoint, Saved
checkpoint = Checkpoint(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    checkpoint.save("one", Saved({0: number}, None, b"%d " % number * 20_000))
    print(number, flush=True)
"""


def test_kill_9_leaves_state_and_offsets_of_one_moment(tmp_path: Path) -> None:
    for _ in range(5):
        saver = subprocess.Popen([sys.executable, "-c", _SAVER, str(tmp_path)], stdout=subprocess.PIPE)
        assert saver.stdout is not None
        for _ in range(5):
            told = int(saver.stdout.readline())
        os.kill(saver.pid, signal.SIGKILL)
        saver.communicate()
        checkpoint = Checkpoint(tmp_path)
        assert checkpoint.writes
        saved = checkpoint.load("one")
        checkpoint.close()
        assert saved is not None
        assert saved.positions[0] >= told
        assert saved.state == b"%d " % saved.positions[0] * 20_000
