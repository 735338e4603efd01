"""A live view is driven without a window: it updates its observers, and ends on request."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stockstream.consumers.driver import Ending, Reporting, run
from stockstream.consumers.live import Live
from stockstream.consumers.values import Values
from stockstream.errors import SeriesError, StockstreamError
from stockstream.kafka.broker import free_port
from stockstream.records import FlightDay
from stockstream.views.fold import Selection
from stockstream.views.status import Status
from tests.consumers.test_live import own_view, send
from tests.kafka.streams import connection
from tests.views.test_flights import rows


@dataclass
class Noting:
    """An observer that notes how often it is asked for what; ``fails`` is raised by the first `refresh`."""

    fails: Exception | None = None
    calls: list[str] = field(default_factory=list)

    def refresh(self) -> None:
        self.calls.append("refresh")
        if self.fails is not None:
            raise self.fails

    def finish(self) -> None:
        self.calls.append("finish")


def nowhere() -> Live[FlightDay]:
    """A live view that waits for a broker where none is."""
    return Live(own_view(), Selection(), {}, {"bootstrap.servers": f"127.0.0.1:{free_port()}"}, None)


def test_all_observers_are_refreshed_on_each_tick_and_finished_at_the_end() -> None:
    one, other = Noting(), Noting()
    with nowhere() as live:
        live.observers += [one, other]
        live.ending = Ending(live, seconds=0.2)
        run(live)
        assert set(one.calls) == {"refresh"}
    assert one.calls == other.calls
    assert one.calls.count("refresh") > 1
    assert one.calls[-2:] == ["refresh", "finish"]


def test_what_an_observer_raises_ends_the_run_and_finishes_none() -> None:
    one, other = Noting(), Noting(StockstreamError("the disk is full"))
    live = nowhere()
    live.observers += [one, other]
    with pytest.raises(StockstreamError, match="disk is full"), live:
        run(live)
    assert (one.calls, other.calls) == (["refresh"], ["refresh"])


def test_once_ends_when_all_is_read_and_the_table_has_all_of_it(broker: str, tmp_path: Path) -> None:
    view, result = own_view(), list[tuple[int, Status]]()
    send(broker, view, rows(900))
    with Live(view, Selection(("AA", "UA")), {}, connection(broker), None) as live:
        table = Values(tmp_path / "a.csv", live)
        live.observers += [table, Reporting(live, lambda taken, status: result.append((taken, status)))]
        live.ending = Ending(live, once=True)
        run(live)
        counts = {key: int(live.fold.frame(key)["flights"].sum()) for key in live.fold.keys()}
        assert live.taken == 900
        assert live.changes > 0
    with (tmp_path / "a.csv").open() as file:
        written = list(csv.DictReader(file))
    assert table.rows == len(written)
    for airline, count in counts.items():
        assert sum(int(row["flights"]) for row in written if row["airline"] == airline) == count


def test_once_shows_what_is_not_there(broker: str) -> None:
    view = own_view()
    send(broker, view, rows(50))
    live = Live(view, Selection(("XX",)), {}, connection(broker), None)
    live.ending = Ending(live, once=True)
    with pytest.raises(SeriesError, match="holds nothing of airline XX"), live:
        run(live)
