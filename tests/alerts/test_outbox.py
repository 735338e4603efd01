"""Outbox: each delivery id once, positions of sinks, what is kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from stockstream.alerts.delivery import delivery_id
from stockstream.alerts.outbox import Outbox, Progress, prepare, progress, put
from stockstream.errors import StateError
from tests.alerts.numbered import alert


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


def ids(outbox: Outbox, sink: str, most: int = 100) -> list[str]:
    return [delivery_id(each.alert) for each in outbox.pending(sink, most) if each.alert]


def test_an_alert_is_in_it_once_and_its_withdrawal_is_another(path: Path) -> None:
    outbox = Outbox(path)
    outbox.begin(["hook"])
    assert outbox.add([alert(1), alert(2)]) == 2
    assert outbox.add([alert(2), alert(2, state="withdrawn")]) == 1
    assert ids(outbox, "hook") == [alert(1).id, alert(2).id, f"{alert(2).id}/withdrawn"]


def test_what_is_put_in_belongs_to_the_callers_transaction(path: Path) -> None:
    outbox = Outbox(path)
    outbox.begin(["hook"])
    database = sqlite3.connect(path)
    prepare(database)
    put(database, [alert(1)])
    assert ids(outbox, "hook") == []
    database.rollback()
    put(database, [alert(2)])
    database.commit()
    assert ids(outbox, "hook") == [alert(2).id]


def test_each_sink_has_its_own_position(path: Path) -> None:
    outbox = Outbox(path)
    outbox.begin(["hook", "mail"])
    outbox.add(alert(number) for number in range(5))
    outbox.delivered("hook", outbox.pending("hook", 3)[-1].sequence)
    assert ids(outbox, "hook") == [alert(3).id, alert(4).id]
    assert ids(outbox, "mail", 2) == [alert(0).id, alert(1).id]
    outbox.delivered("mail", 1, refused=True)
    assert progress(path) == {"hook": Progress(2, 0), "mail": Progress(4, 1)}


def test_a_new_sink_starts_with_the_next_alert_and_one_that_is_gone_is_forgotten(path: Path) -> None:
    outbox = Outbox(path)
    outbox.begin(["hook"])
    outbox.add([alert(1)])
    outbox.begin(["mail"])
    outbox.add([alert(2)])
    assert ids(outbox, "mail") == [alert(2).id]
    assert list(outbox.progress()) == ["mail"]


def test_what_all_have_is_removed_except_the_newest(path: Path) -> None:
    outbox = Outbox(path)
    outbox.begin(["hook", "mail"])
    outbox.add(alert(number) for number in range(10))
    outbox.delivered("hook", 10)
    outbox.delivered("mail", 6)
    outbox.prune(kept=2)
    assert outbox.add(alert(number) for number in range(10)) == 6, "the first six are gone, and not known any more"
    outbox.prune(kept=100)
    assert outbox.add([alert(0)]) == 0


def test_a_file_that_is_no_database_is_said(path: Path) -> None:
    path.write_bytes(b"no database" * 100)
    with pytest.raises(StateError, match=r"the outbox of alerts cannot be used: .*state\.sqlite"):
        Outbox(path)
