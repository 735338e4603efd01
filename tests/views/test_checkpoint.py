"""State and offsets are saved together, or not at all."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import struct
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stockstream.errors import StateError
from stockstream.views.checkpoint import Checkpoint, Saved
from tests.kafka.small_disk import on_small_disk

SAVED = Saved({0: 5, 2: 17}, datetime(2026, 3, 2, tzinfo=UTC), {"head": b"state", "0/0": b"bars" * 60, "0/1": b"more"})


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


def test_a_damaged_file_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    rubbish = b"not a database, whatever its name says" * 100
    (tmp_path / "checkpoint.sqlite").write_bytes(rubbish)
    checkpoint = Checkpoint(tmp_path)
    assert "could not be used" in checkpoint.note
    assert checkpoint.load("one") is None
    checkpoint.save("one", SAVED)
    assert checkpoint.load("one") == SAVED
    checkpoint.close()
    assert (tmp_path / "checkpoint.damaged").read_bytes() == rubbish


COLUMNS = [
    *(("checkpoint", name) for name in ("positions", "received", "checksum")),
    ("page", "content"),
    ("page", "name"),
]


@pytest.mark.parametrize(("table", "column"), [*COLUMNS, ("page", "checksum")])
def test_no_flipped_bit_goes_unnoticed(tmp_path: Path, table: str, column: str) -> None:
    for bit in range(16):
        checkpoint = Checkpoint(tmp_path / str(bit))
        checkpoint.save("one", SAVED)
        value = checkpoint._database.execute(f"SELECT {column} FROM {table}").fetchone()[0]
        damaged = bytearray(struct.pack("<d", value) if column == "received" else encoded(value))
        damaged[bit // 8 % len(damaged)] ^= 1 << bit % 8
        changed = struct.unpack("<d", damaged)[0] if column == "received" else bytes(damaged)
        with checkpoint._database:
            checkpoint._database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = 1", (changed,))
        assert checkpoint.load("one") is None
        assert "could not be used" in checkpoint.note
        assert checkpoint.whole
        checkpoint.close()


def encoded(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value


def test_a_page_that_is_missing_or_of_another_save_is_damage(tmp_path: Path) -> None:
    for number, damage in enumerate(("DELETE FROM page WHERE name = '0/1'", "")):
        checkpoint = Checkpoint(tmp_path / str(number))
        checkpoint.save("one", SAVED)
        [former] = checkpoint._database.execute("SELECT * FROM page WHERE name = '0/1'").fetchall()
        checkpoint.save("one", SAVED._replace(pages={"0/1": b"newer"}, changed=True))
        with checkpoint._database:
            if damage:
                checkpoint._database.execute(damage)
            else:
                checkpoint._database.execute("INSERT OR REPLACE INTO page VALUES (?, ?, ?)", former)
        assert checkpoint.load("one") is None
        assert "checksum is wrong" in checkpoint.note
        checkpoint.close()


def test_an_older_sqlite_that_does_not_know_every_code_is_enough(tmp_path: Path) -> None:
    code = """
import sqlite3, sys
known = sqlite3.__dict__.pop("SQLITE_IOERR_CORRUPTFS", None)
from stockstream.views.checkpoint import _CORRUPT_FILE_SYSTEM
sys.exit(known not in (None, _CORRUPT_FILE_SYSTEM))
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_save_of_what_changed_leaves_the_rest(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    assert checkpoint.whole is True
    checkpoint.save("one", SAVED)
    assert bool(checkpoint.whole) is False
    pages: dict[str, bytes | None] = {"0/1": b"newer", "0/0": None, "0/2": b"last"}
    checkpoint.save("one", SAVED._replace(positions={0: 6}, pages=pages, changed=True))
    checkpoint.close()
    again = Checkpoint(tmp_path)
    now = {"head": b"state", "0/1": b"newer", "0/2": b"last"}
    assert again.load("one") == SAVED._replace(positions={0: 6}, pages=now)
    assert not again.whole
    again.save("one", SAVED._replace(pages={"0/2": None}, changed=True))
    saved = again.load("one")
    assert saved is not None
    assert saved.pages == {"head": b"state", "0/1": b"newer"}
    again.close()


def test_a_file_with_any_damage_is_read_or_set_aside(tmp_path: Path) -> None:
    folder = tmp_path / "whole"
    checkpoint = Checkpoint(folder)
    checkpoint.save("one", SAVED)
    checkpoint.close()
    whole = (folder / "checkpoint.sqlite").read_bytes()
    dice = random.Random(9)
    damages = [whole[: dice.randrange(len(whole))] for _ in range(10)]
    for _ in range(100):
        damaged = bytearray(whole)
        damaged[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
        damages.append(bytes(damaged))
    for number, damage in enumerate(damages):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "checkpoint.sqlite").write_bytes(damage)
        checkpoint = Checkpoint(tmp_path / str(number))
        loaded = checkpoint.load("one")
        assert loaded == SAVED or (loaded is None and (checkpoint.note or not damage))
        with suppress(StateError):  # damage may come out at the first save; the second one is into a file of its own
            checkpoint.save("one", SAVED)
        checkpoint.save("one", SAVED)
        assert checkpoint.load("one") == SAVED
        checkpoint.close()


@pytest.mark.parametrize("layout", [0, 3, 99])
def test_a_file_of_another_layout_is_set_aside(tmp_path: Path, layout: int) -> None:
    with sqlite3.connect(tmp_path / "checkpoint.sqlite") as former:
        former.execute("CREATE TABLE checkpoint (topic_id TEXT PRIMARY KEY, positions BLOB, received REAL, state BLOB)")
        former.execute("INSERT INTO checkpoint VALUES ('one', x'80', NULL, x'00')")
        former.execute(f"PRAGMA user_version={layout}")
    former.close()
    checkpoint = Checkpoint(tmp_path)
    assert checkpoint.load("one") is None
    assert "another version of stockstream" in checkpoint.note
    checkpoint.save("one", SAVED)
    assert checkpoint.load("one") == SAVED
    checkpoint.close()


def test_a_full_disk_is_reported_and_the_former_state_stays(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path)
    checkpoint.save("one", SAVED)
    checkpoint._database.execute("PRAGMA max_page_count=12")
    with pytest.raises(StateError, match="the state is not saved: database or disk is full"):
        checkpoint.save("one", SAVED._replace(pages={"0/0": b"larger" * 20_000}))
    assert checkpoint.load("one") == SAVED
    checkpoint.close()


_OPENED_WITHOUT_ROOM = """
import sys
from pathlib import Path
from stockstream.errors import StateError
from stockstream.views.checkpoint import Checkpoint
from tests.views.test_checkpoint import SAVED

disk = Path(sys.argv[1])
checkpoint = Checkpoint(disk / "state")
checkpoint.save("one", SAVED)
checkpoint.close()
with open(disk / "filler", "wb", buffering=0) as filler:
    for size in (1024, 1):
        try:
            while True:
                filler.write(bytes(size))
        except OSError:
            pass
try:
    checkpoint = Checkpoint(disk / "state")
except StateError as error:
    print("no state can be saved in" in str(error))
else:
    print(checkpoint.load("one") == SAVED)
    checkpoint.close()
(disk / "filler").unlink()
print(Checkpoint(disk / "state").load("one") == SAVED, (disk / "state" / "checkpoint.damaged").exists())
"""


def test_a_state_that_is_opened_on_a_full_disk_is_not_taken_for_a_damaged_one(tmp_path: Path) -> None:
    assert on_small_disk(_OPENED_WITHOUT_ROOM, tmp_path, 1024).splitlines() == ["True", "True False"]


def test_a_second_process_takes_over_when_the_first_has_ended(tmp_path: Path) -> None:
    first, second = Checkpoint(tmp_path), Checkpoint(tmp_path)
    first.save("one", SAVED)
    assert (second.take_over(), second.writes) == (False, False)
    first.close()
    assert second.take_over()
    second.save("one", SAVED._replace(pages={"head": b"its own"}))
    second.close()
    third = Checkpoint(tmp_path)
    assert third.load("one") == SAVED._replace(pages={"head": b"its own"})
    third.close()


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="no state can be saved"):
        Checkpoint(tmp_path / "file" / "below")


_SAVER = """
import sys
from pathlib import Path
from stockstream.views.checkpoint import Checkpoint, Saved
checkpoint = Checkpoint(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    checkpoint.save("one", Saved({0: number}, None, {"head": b"%d " % number * 20_000}))
    print(number, flush=True)
"""


def test_kill_9_leaves_state_and_offsets_of_one_moment(tmp_path: Path) -> None:
    for _ in range(5):
        saver = subprocess.Popen([sys.executable, "-c", _SAVER, str(tmp_path)], stdout=subprocess.PIPE)
        assert saver.stdout is not None
        for _ in range(5):
            result = int(saver.stdout.readline())
        os.kill(saver.pid, signal.SIGKILL)
        saver.communicate()
        checkpoint = Checkpoint(tmp_path)
        assert checkpoint.writes
        saved = checkpoint.load("one")
        checkpoint.close()
        assert saved is not None
        assert saved.positions[0] >= result
        assert saved.pages == {"head": b"%d " % saved.positions[0] * 20_000}
