"""The memory of a window, and the handling of a damaged file."""

from __future__ import annotations

import json
import logging
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import msgspec
import pytest

from stockstream.present.memory import Memory


class Looks(msgspec.Struct):
    theme: str
    rows: int = 500


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "windows" / "bollinger-AAPL.json"


def test_what_was_put_is_there_at_the_next_start(path: Path) -> None:
    memory = Memory(path)
    assert memory.get("window", Looks, Looks("light")) == Looks("light")
    memory.put("window", Looks("dark", 90))
    memory.put("alerts", {"AAPL": [101.5, 99.0]})
    memory.close()
    again = Memory(path)
    assert again.get("window", Looks, Looks("light")) == Looks("dark", 90)
    assert again.get("alerts", dict[str, list[float]], {}) == {"AAPL": [101.5, 99.0]}
    assert again.note == ""
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_change_is_written_soon_and_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("stockstream.present.memory.time.monotonic", lambda: now)
    memory = Memory(path)
    for rows in range(10):
        memory.put("window", {"rows": rows})
        memory.save_if_due()
        now += 0.05
    assert not path.exists()
    now += 1.0
    memory.save_if_due()
    assert json.loads(path.read_bytes()) == {"window": {"rows": 9}}
    before = path.stat()
    memory.put("window", {"rows": 9})
    now += 5.0
    memory.save_if_due()
    memory.close()
    assert path.stat().st_ino == before.st_ino


def test_what_another_version_put_is_kept(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"later": {"any": 1}, "window": {"theme": "dark", "shade": 3}}')
    memory = Memory(path)
    assert memory.get("window", Looks, Looks("light")) == Looks("dark")
    memory.put("window", Looks("light"))
    memory.close()
    assert json.loads(path.read_bytes())["later"] == {"any": 1}


DAMAGES = [
    b"",
    b"\x00" * 40,
    b'{"window": {"theme": "da',
    b"[1, 2]",
    b'{"window": "dark"}',
    b'{"window": {"rows": 1}}',
    b'"\xff"',
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_file_is_set_aside(path: Path, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_bytes(damage)
    with caplog.at_level(logging.WARNING):
        memory = Memory(path)
        assert memory.get("window", Looks, Looks("light")) == Looks("light")
    aside = path.with_name(f"{path.name}.damaged")
    assert not path.exists()
    assert aside.read_bytes() == damage
    assert str(aside) in memory.note
    assert str(aside) in caplog.text
    memory.put("window", Looks("dark"))
    memory.close()
    assert Memory(path).get("window", Looks, Looks("light")) == Looks("dark")


def test_without_a_file_nothing_is_kept() -> None:
    memory = Memory(None)
    memory.put("window", Looks("dark"))
    memory.close()
    assert memory.get("window", Looks, Looks("light")) == Looks("dark")
    assert memory.note == ""


def test_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "windows").write_text("in the way")
    memory = Memory(tmp_path / "windows" / "bollinger.json")
    assert "cannot be read" in memory.note
    memory = Memory(tmp_path / "other" / "bollinger.json")
    (tmp_path / "other").write_text("in the way")
    memory.put("window", Looks("dark"))
    memory.close()
    assert "nothing can be remembered" in memory.note
    assert memory.get("window", Looks, Looks("light")) == Looks("dark")


def _write(path: Path, number: int) -> None:
    memory = Memory(path)
    for count in range(200):
        memory.put("window", {"number": number, "text": str(number) * (100 + count)})
        memory.close()


def test_two_windows_with_one_file_never_leave_half_of_it(path: Path) -> None:
    context = get_context("spawn")
    writers = [context.Process(target=_write, args=(path, number)) for number in (1, 2)]
    for writer in writers:
        writer.start()
    read: list[dict[str, Any]] = []
    while any(writer.is_alive() for writer in writers):
        if path.exists():
            read.append(json.loads(path.read_bytes())["window"])
    for writer in writers:
        writer.join()
    assert len(read) > 20
    assert all(set(each["text"]) == {str(each["number"])} for each in read)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
