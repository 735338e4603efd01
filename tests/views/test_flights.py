"""Every flight row counts once, whatever was sent."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.errors import StateError
from stockstream.records import FlightDay
from stockstream.views.flight_batch import gather
from stockstream.views.flights import FlightsFold
from stockstream.views.fold import Selection
from tests.views.bars import restorable

AIRLINES = ("AA", "DL", "UA", "WN")


def rows(count: int, file: str = "a" * 16, seed: int = 3) -> list[FlightDay]:
    dice = random.Random(seed)
    return [FlightDay(file, row, 2015, 1, dice.randint(1, 28), dice.choice(AIRLINES)) for row in range(count)]


def counted(fold: FlightsFold) -> Counter[tuple[str, str]]:
    return Counter(
        {
            (airline, str(day)): int(count)
            for airline in fold.keys()
            for day, count in zip(fold.frame(airline).instants, fold.frame(airline)["flights"], strict=True)
        }
    )


def truth(flights: list[FlightDay]) -> Counter[tuple[str, str]]:
    unique = {(flight.file, flight.row): flight for flight in flights}
    return Counter((flight.airline, f"2015-01-{flight.day:02}") for flight in unique.values())


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 400))
def test_repeated_filtered_and_reordered_replays_count_once(seed: int, count: int) -> None:
    dice = random.Random(seed)
    flights = rows(count, "a" * 16, seed) + rows(count // 2, "b" * 16, seed + 1)
    sent = flights + [flight for flight in flights if flight.airline == "AA"] + dice.sample(flights, len(flights) // 2)
    if dice.random() < 0.7:
        dice.shuffle(sent)
    total = len(sent)
    fold = FlightsFold(Selection(AIRLINES))
    while sent:
        cut = dice.randint(1, max(1, count // 3))
        fold.apply(sent[:cut])
        sent = sent[cut:]
        if dice.random() < 0.3:
            other = FlightsFold(Selection(AIRLINES))
            other.restore(restorable(fold.pages()))
            fold = other
    assert counted(fold) == truth(flights)
    assert fold.counts().get("repeated", 0) == total - len(flights)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_gathered_flights_are_counted_as_one_by_one(seed: int, count: int) -> None:
    dice = random.Random(seed)
    flights = [flight for file in "abc" for flight in rows(count, file * 16, dice.randint(0, 1))]
    # A row that comes again with another day counts as it came first.
    changed = [msgspec.structs.replace(flight, day=1 + flight.day % 28) for flight in dice.sample(flights, count)]
    sent = [*flights, *changed, FlightDay("d" * 16, 2**32 - 1, 2015, 2, 30, "AA")]
    dice.shuffle(sent)
    single, gathered = FlightsFold(Selection(AIRLINES)), FlightsFold(Selection(AIRLINES))
    for flight in sent:
        single.apply([flight])
    assert sorted(map(repr, sent)) == sorted(repr(flight) for batch in gather(sent) for flight in batch)
    while sent:
        cut = dice.randint(1, max(1, count))
        gathered.apply(gather(sent[:cut]))
        sent = sent[cut:]
    assert counted(gathered) == counted(single)
    assert gathered.counts() == single.counts()
    assert sorted(gathered.pages(changed=True)) == sorted(single.pages(changed=True)) == sorted(single.pages())


def test_a_file_sent_as_another_run_counts_again() -> None:
    fold = FlightsFold(Selection(("AA",)))
    fold.apply(rows(50))
    once = counted(fold)
    assert fold.apply(rows(50, "c" * 16))
    assert counted(fold) == Counter({cell: 2 * count for cell, count in once.items()})


def test_nothing_new_is_no_change() -> None:
    fold = FlightsFold(Selection())
    assert fold.apply(rows(20))
    assert not fold.apply(rows(20))
    assert not fold.apply([])


def test_the_three_busiest_are_shown_and_ties_go_by_name() -> None:
    fold = FlightsFold(Selection())
    numbers = {"UA": 5, "AA": 3, "WN": 3, "DL": 3, "B6": 1}
    flights = [airline for airline, count in numbers.items() for _ in range(count)]
    fold.apply([FlightDay("a" * 16, row, 2015, 1, 1, airline) for row, airline in enumerate(flights)])
    assert fold.keys() == ["UA", "AA", "DL"]
    assert FlightsFold(Selection(("B6", "XX"))).missing() == ["B6", "XX"]


def test_a_day_that_no_calendar_has_is_doubtful() -> None:
    fold = FlightsFold(Selection())
    fold.apply([FlightDay("a" * 16, 0, 2015, 2, 30, "AA"), FlightDay("a" * 16, 1, 2015, 2, 28, "AA")])
    assert fold.frame("AA")["flights"].tolist() == [1]
    assert fold.counts() == {"doubtful": 1}
    assert str(fold.latest()) == "2015-02-28"
    again = FlightsFold(Selection())
    again.restore(restorable(fold.pages()))
    assert (again.counts(), again.frame("AA")["flights"].tolist()) == ({"doubtful": 1}, [1])


@pytest.mark.parametrize("damage", [{"head": b""}, {"head": b"\x84"}, {"counts/AA": b"{}"}, {"seen/x/0": b"no bitmap"}])
def test_a_state_that_cannot_be_used_is_refused(damage: dict[str, bytes]) -> None:
    fold = FlightsFold(Selection())
    fold.apply(rows(20))
    with pytest.raises(StateError):
        FlightsFold(Selection()).restore(restorable(fold.pages()) | damage)


def test_a_save_takes_what_changed() -> None:
    fold, seen = FlightsFold(Selection(AIRLINES)), dict[str, bytes | None]()
    flights = [msgspec.structs.replace(flight, row=40 * flight.row) for flight in rows(5000)]
    for start in range(0, 5000, 500):
        fold.apply(flights[start : start + 500])
        changed = fold.pages(changed=True)
        assert len([name for name in changed if name.startswith("seen/")]) <= 2
        seen |= changed
    assert not [name for name in fold.pages(changed=True) if name != "head"]
    for pages in (seen, fold.pages()):
        again = FlightsFold(Selection(AIRLINES))
        again.restore(restorable(pages))
        assert counted(again) == truth(flights)
        assert not again.apply(flights)
