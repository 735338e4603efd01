"""Outbox: each delivery id once, positions of sinks, what is kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from filelock import FileLock

from stockstream.alerts.delivery import delivery_id
from stockstream.alerts.left_alerts import OUTBOX, take_over
from stockstream.alerts.outbox import Outbox, Progress, prepare, progress, put
from stockstream.alerts.topic_outbox import TopicOutbox
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


def test_an_alert_that_comes_again_after_it_was_withdrawn_is_news(path: Path) -> None:
    outbox = Outbox(path)
    outbox.begin(["hook"])
    gone = alert(1, state="withdrawn")
    for each, new in ((alert(1), 1), (gone, 1), (gone, 0), (alert(1), 1), (alert(1), 0), (gone, 1), (alert(1), 1)):
        assert outbox.add([each]) == new
    assert ids(outbox, "hook") == ["001", "001/withdrawn", "001/2", "001/2/withdrawn", "001/3"]
    assert [each.alert and each.alert.id for each in outbox.pending("hook", 9)] == [
        "001",
        "001",
        "001/2",
        "001/2",
        "001/3",
    ]


def test_nobody_is_told_that_what_nobody_was_told_of_is_withdrawn(path: Path) -> None:
    outbox = Outbox(path)
    outbox.begin(["hook"])
    assert outbox.add([alert(1, state="withdrawn"), alert(11)]) == 1
    assert ids(outbox, "hook") == [alert(11).id]


def test_what_waits_in_the_outbox_of_former_rules_is_taken_over(tmp_path: Path) -> None:
    for name in ("former", "running", "present"):
        (tmp_path / name).mkdir()
    former = Outbox(tmp_path / "former" / OUTBOX)
    former.begin(["hook", "mail", "gone"])
    former.add(alert(number) for number in range(4))
    former.delivered("hook", 4)
    former.delivered("mail", 2)
    running = Outbox(tmp_path / "running" / OUTBOX)
    running.begin(["mail"])
    running.add([alert(9)])
    present = Outbox(tmp_path / "present" / OUTBOX)
    present.begin(["hook", "mail", "new"])
    present.add([alert(5)])
    with FileLock(tmp_path / "running" / "lock", blocking=False):
        assert take_over(tmp_path / "present") == 2
    assert ids(present, "mail") == [alert(5).id, alert(2).id, alert(3).id]
    assert ids(present, "hook") == ids(present, "new") == [alert(5).id]
    assert present.progress() == {"hook": Progress(1, 0), "mail": Progress(3, 0), "new": Progress(1, 0)}
    assert former.progress() == {"gone": Progress(4, 0), "hook": Progress(0, 0), "mail": Progress(0, 0)}
    assert present.add([alert(0), alert(1, state="withdrawn")]) == 1, "what sinks got before is known"
    assert take_over(tmp_path / "present") == 1, "that of the run that has ended by now"
    assert take_over(tmp_path / "present") == 0


def test_what_waits_is_taken_over_from_run_to_run(tmp_path: Path) -> None:
    for number, name in enumerate("abc"):
        (tmp_path / name).mkdir()
        outbox = Outbox(tmp_path / name / OUTBOX)
        outbox.begin(["hook", "mail"])
        take_over(tmp_path / name)
        outbox.add([alert(number)])
        assert ids(outbox, "mail") == [alert(each).id for each in range(number + 1)]
        assert outbox.progress()["mail"] == Progress(number + 1, 0)
    back = Outbox(tmp_path / "a" / OUTBOX)
    back.begin(["hook", "mail"])
    assert take_over(tmp_path / "a") == 3
    assert sorted(ids(back, "mail")) == [alert(number).id for number in range(3)]


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


def test_an_alert_that_waits_is_told_of_though_history_brings_it_again() -> None:
    waiting = TopicOutbox({})
    waiting.put([alert(1)])
    waiting.put([alert(1), alert(2)], hushed=True)
    waiting.put([alert(2)], hushed=True)
    assert waiting.hushed == [alert(2).id]
