"""A saved state is rebuilt from the topic, and compared."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from stockstream.consumers import flights as flights_view
from stockstream.consumers.choice import Choice
from stockstream.consumers.live import Live
from stockstream.consumers.rebuild import Rebuilt, rebuild
from stockstream.consumers.registry import VIEWS
from stockstream.errors import StateError
from stockstream.kafka.publisher import Publisher
from stockstream.records import Bar, FlightDay
from stockstream.topics import Topic
from stockstream.views.checkpoint import Checkpoint
from stockstream.views.fold import Selection
from stockstream.views.view import View
from tests.kafka.streams import connection, own_topic, until
from tests.site import Site
from tests.views.bars import restorable, walk
from tests.views.test_flights import rows

Kept = tuple[View[Any], Path, str, Choice]


def put(broker: str, topic: Topic[Any], records: Iterable[Any]) -> None:
    with Publisher(topic, connection(broker)) as publisher:
        for each in records:
            publisher.send(each)


def seen(broker: str, view: View[Any], selection: Selection, states: Path, **parameters: Any) -> Kept:
    """A window that has read the topic and was closed: its view, folder and topic."""
    with Live(view, selection, parameters, connection(broker), states) as live:
        until(lambda: live.tick() is not None and live.settled)
        origin = live._origin
    assert origin is not None
    (folder,) = (file.parent for file in states.rglob("checkpoint.sqlite"))
    return view, folder, origin.topic_id, Choice.read(folder)


def rebuilt(broker: str, kept: Kept) -> Rebuilt:
    return rebuild(*kept, connection(broker))


def altered(kept: Kept, *records: Any) -> None:
    """The saved state, with records that the topic does not hold."""
    view, folder, topic_id, choice = kept
    checkpoint = Checkpoint(folder)
    saved = checkpoint.load(topic_id)
    assert saved is not None
    fold = view.fold(choice.selection, choice.parameters)
    fold.restore(restorable(saved.pages))
    fold.apply(records)
    checkpoint.save(topic_id, saved._replace(pages=fold.pages()))
    checkpoint.close()


@pytest.mark.parametrize("keep", [None, 100])
def test_a_state_of_bars(broker: str, tmp_path: Path, keep: int | None) -> None:
    topic = Topic(own_topic().name, Bar, lambda bar: bar.symbol)
    bars = walk(300)
    put(broker, topic, [*bars, structs.replace(bars[290], close=bars[290].low), *walk(40, symbol="MSFT")])
    view = replace(VIEWS["rsi"], topic=topic)
    kept = seen(broker, view, Selection(("AAPL",), keep=keep), tmp_path, period=9)
    assert rebuilt(broker, kept) == Rebuilt(301, ())
    put(broker, topic, walk(310)[300:])  # what came later has no part in it
    altered(kept, structs.replace(bars[280], close=bars[280].high))
    found = rebuilt(broker, kept)
    assert not found.equal
    assert found.records == 301
    assert [each.split(" rows differ in ")[1] for each in found.differences if "rows" in each] == [
        "close, rsi, the first at 2026-03-02T19:10:00"
    ]
    assert "2 corrected, not 1" in found.differences
    assert rebuilt(broker, kept).equal
    with Live(view, Selection(("AAPL",), keep=keep), {"period": 9}, connection(broker), tmp_path) as live:
        until(lambda: live.tick() is not None and live.settled)
        with pytest.raises(StateError, match="in use by a window"):
            rebuilt(broker, kept)
        assert live.taken == 10
    (kept[1] / "checkpoint.sqlite").write_bytes(b"rubbish" * 1_000)
    found = rebuilt(broker, kept)
    assert (found.records, found.equal, found.differences) == (311, False, ())
    assert "could not be used" in found.unusable
    assert rebuilt(broker, kept) == Rebuilt(311, ())


def test_a_state_of_flights(broker: str, tmp_path: Path) -> None:
    topic = Topic(own_topic().name, FlightDay, lambda flight: flight.airline)
    put(broker, topic, [*rows(200), *rows(50)])
    kept = seen(broker, replace(flights_view.VIEW, topic=topic, record=FlightDay), Selection(), tmp_path)  # type: ignore[arg-type]
    assert rebuilt(broker, kept) == Rebuilt(250, ())
    altered(kept, FlightDay("a" * 16, 10_000, 2015, 1, 1, "AA"), FlightDay("a" * 16, 10_001, 2015, 1, 1, "ZZ"))
    first, *others = rebuilt(broker, kept).differences
    assert first == "ZZ are not in the topic"
    assert [each.split(":")[0] for each in others] == ["AA"]
    assert rebuilt(broker, kept).equal


def test_the_command(running_site: Site, tmp_path: Path) -> None:
    running_site.clear()
    names = ("rsi", "chart", "dashboard")
    for state in (running_site.folder / "state").glob("*/*"):  # of windows of other tests
        if state.name in names:
            shutil.rmtree(state)
    running_site.send(Topic("stocks", Bar, lambda bar: bar.symbol), walk(50))
    missing = running_site.run("rebuild", "rsi")
    assert missing.returncode == 1
    assert "no window of rsi has saved a state" in missing.stderr
    unknown = running_site.run("rebuild", "char")
    assert (unknown.returncode, "did you mean chart?" in unknown.stderr) == (2, True)
    for name in names:
        symbols = [] if name == "dashboard" else ["AAPL"]
        out = str(tmp_path / f"{name}.csv")
        assert running_site.run("watch", name, *symbols, "--values", out, "--once").returncode == 0
        result = running_site.run("rebuild", name)
        assert result.returncode == 0, result.stderr
        assert "equal, 50 records read" in result.stdout + result.stderr
    [known] = (running_site.folder / "state").glob("*/rsi/AAPL")
    orphan = known.parent / "A-of-a-window-that-ended-early"
    orphan.mkdir()
    (orphan / "checkpoint.sqlite").touch()
    result = running_site.run("rebuild", "rsi")
    assert result.returncode == 1
    assert "it is not known what this state is of - open its window once" in result.stderr
    assert "equal, 50 records read" in result.stdout + result.stderr
