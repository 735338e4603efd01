"""Bars kept as columns equal the bars that arrived."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stockstream.errors import StateError
from stockstream.records import NUMBERS, OFF_GRID, Bar, Candle
from stockstream.views.bar_batch import BarBatch, gather, instants_of, microseconds
from stockstream.views.bars import BarPage, Bars
from stockstream.views.history import History
from tests.views.bars import START, bar, walk

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OFFSET = timezone(timedelta(hours=5, minutes=30))


def bars_of(sent: list[Bar]) -> Bars:
    bars = Bars()
    assert bars.follow(BarBatch(sent))
    return bars


def assert_holds(bars: Bars, expected: list[Bar]) -> None:
    assert len(bars) == len(expected)
    assert bars.newest is not None
    assert bars.newest.time == expected[-1].time
    for name in NUMBERS:
        values = [getattr(bar, name) for bar in expected]
        np.testing.assert_array_equal(bars.column(name, 0, len(bars)), np.array(values, dtype=np.float64))
    assert bars.instants().tolist() == [bar.time.replace(tzinfo=None) for bar in expected]
    for place, each in enumerate(expected):
        [time] = microseconds(instants_of([each.time]))
        assert (bars.time(place), bars.places([time]).tolist()) == (time, [place])
        assert bars.flags.get(time, ()) == each.flags
        assert bars.final(place) == each.final
        (row,) = bars.rows(place, place + 1)
        assert all(getattr(row, name) == getattr(each, name) for name in ("time", *NUMBERS))


def odd(sent: list[Bar]) -> list[Bar]:
    """The same with a doubt, an unknown open and volume, and a bar whose final form never came."""
    replace = msgspec.structs.replace
    return [
        *sent[:3],
        replace(sent[3], flags=(OFF_GRID,)),
        replace(sent[4], open=None, volume=None),
        replace(sent[5], final=False),
        *sent[6:],
    ]


def test_bars_that_follow_are_taken_in_stretches_of_any_length() -> None:
    sent = odd(walk(700))
    bars = Bars()
    for start, end in ((0, 1), (1, 5), (5, 6), (6, 700)):
        assert bars.follow(BarBatch(sent[start:end]))
    assert_holds(bars, sent)


@pytest.mark.parametrize("wrong", [[1, 0], [0, 0], [0, 2, 1]])
def test_bars_out_of_order_are_not_taken_at_once(wrong: list[int]) -> None:
    sent = walk(3)
    bars = Bars()
    assert not bars.follow(BarBatch([sent[place] for place in wrong]))
    assert len(bars) == 0
    bars = bars_of(sent)
    assert not bars.follow(BarBatch(sent[2:]))
    assert_holds(bars, sent)


def test_a_bar_is_put_in_its_place() -> None:
    sent = odd(walk(300))
    late = bars_of([bar for place, bar in enumerate(sent) if place not in (0, 4, 200)])
    late.instants()
    for place, stands in ((200, 198), (0, 0), (4, 4)):
        assert late.merge(BarBatch([sent[place]])) == (stands, 1, 0)
    assert_holds(late, sent)
    for place in (3, 5, 299):
        revised = msgspec.structs.replace(sent[place], close=sent[place].close + 1, flags=(), final=True)
        assert late.merge(BarBatch([revised])) == (place, 0, int(sent[place].final))
        sent[place] = revised
    assert_holds(late, sent)


@st.composite
def arrivals(draw: st.DrawFn) -> list[Bar]:
    """Bars of a few minutes in any order, some of them again and again, alike or otherwise."""
    picks = st.tuples(
        st.integers(0, 12),
        st.sampled_from((10.0, 11.0)),
        st.sampled_from((None, 0.0, 5.0)),
        st.booleans(),
        st.sampled_from(((), (), (OFF_GRID,))),
    )
    return [
        bar(minute, close, open=None if volume is None else close, volume=volume, final=final, flags=flags)
        for minute, close, volume, final, flags in draw(st.lists(picks, min_size=1, max_size=40))
    ]


@given(arrivals(), st.lists(st.integers(1, 12)))
def test_bars_in_any_order_are_what_one_after_the_other_makes_of_them(sent: list[Bar], cuts: list[int]) -> None:
    # The plain way, kept here to compare with: a dict, and a bar at a time.
    plain: dict[datetime, Bar] = {}
    late = corrections = 0
    for each in sent:
        former = plain.get(each.time)
        if former is None:
            late += bool(plain) and each.time < max(plain)
        elif former != each:
            corrections += former.final
        plain[each.time] = each
    history = History({}, resampler=None)
    rest = sent
    for cut in [*cuts, len(sent)]:
        history.take(rest[:cut])
        rest = rest[cut:]
    assert_holds(history.series, [plain[time] for time in sorted(plain)])
    assert (history.late, history.corrections) == (late, corrections)
    assert history.series.newest == plain[max(plain)]


def test_whether_anything_changed_is_reported() -> None:
    sent = walk(5)
    history = History({})
    assert history.take([sent[3]])
    assert history.take(sent[:3])
    assert not history.take([sent[0], sent[0], sent[2], sent[3]])
    assert history.take([sent[0], sent[4]])


def test_only_what_is_shown_makes_a_bar_another_one() -> None:
    sent = walk(2)
    bars = bars_of(sent)
    replace = msgspec.structs.replace
    for same in (replace(sent[1], revision=7), replace(sent[1], source="other"), replace(sent[1], adj_close=1.0)):
        assert bars.merge(BarBatch([same])) == (2, 0, 0)
    for other in (
        replace(sent[1], high=sent[1].high + 1),
        replace(sent[1], volume=None),
        replace(sent[1], final=False),
        replace(sent[1], flags=(OFF_GRID,)),
        replace(sent[1], time=sent[1].time + timedelta(seconds=1)),
    ):
        merged = bars_of(sent)
        assert merged.merge(BarBatch([other])).place == (1 if other.time == sent[1].time else 2)
        assert merged.newest == other


def saved(bars: Bars, *, changed: bool = False) -> dict[int, bytes | None]:
    pages = bars.pages(changed=changed)
    return {number: None if page is None else msgspec.msgpack.encode(page) for number, page in pages}


def loaded(newest: Bar, dropped: int, pages: dict[int, bytes | None]) -> Bars:
    return Bars.load(newest, dropped, [msgspec.msgpack.decode(page, type=BarPage) for page in pages.values() if page])


def test_what_was_saved_is_loaded_and_continues() -> None:
    sent = odd(walk(300))
    again = loaded(sent[279], 0, saved(bars_of(sent[:280])))
    assert_holds(again, sent[:280])
    assert again.follow(BarBatch(sent[280:]))
    assert_holds(again, sent)


def test_a_save_takes_the_pages_that_changed() -> None:
    sent = odd(walk(3000))
    bars = bars_of(sent[:1000])
    store = saved(bars, changed=True)
    assert sorted(store) == [0, 1, 2, 3]
    assert not saved(bars, changed=True)
    assert bars.follow(BarBatch(sent[1000:1010]))
    store |= (tail := saved(bars, changed=True))
    assert sorted(tail) == [3]
    assert bars.follow(BarBatch(sent[1010:2999]))
    store |= saved(bars, changed=True)
    sent[600] = msgspec.structs.replace(sent[600], flags=(OFF_GRID,))
    bars.merge(BarBatch([sent[600], sent[2999]]))
    store |= (behind := saved(bars, changed=True))
    assert sorted(behind) == list(range(2, 12))
    bars.drop(700)
    store |= (tail := saved(bars, changed=True))
    assert tail == {0: None, 1: None}
    again = loaded(sent[-1], 700, store)
    assert_holds(again, sent[700:])
    assert_holds(bars, sent[700:])
    again.drop(100)
    assert saved(again, changed=True) == {2: None}


def test_damage_is_reported() -> None:
    sent = walk(600)
    [(_, first), (_, second), (_, third)] = bars_of(sent).pages(changed=False)
    assert first
    assert second
    assert third
    for damage in ({"instants": first.instants[:-1]}, {"numbers": first.numbers[:-8]}):
        with pytest.raises(StateError, match="cannot be read"):
            Bars.load(sent[-1], 0, [msgspec.structs.replace(first, **damage)])
    for pages, dropped in (([first, third], 0), ([second, third], 0), ([], 0), ([first, second, third], 600)):
        with pytest.raises(StateError, match="cannot be read"):
            Bars.load(sent[-1], dropped, pages)


@pytest.mark.parametrize("whole", [(0,), (1,), (0, 1), (1, 2), ()])
def test_gathered_bars_may_have_more_fields_than_others(whole: tuple[int, ...]) -> None:
    sent = walk(3)
    few = [
        each if place in whole else Candle(**{name: getattr(each, name) for name in Candle.__struct_fields__})
        for place, each in enumerate(sent)
    ]
    [batch] = gather(few)
    np.testing.assert_array_equal(batch.numbers, BarBatch(sent).numbers)
    assert batch.instants.tolist() == BarBatch(sent).instants.tolist()


def test_gathered_bars_are_the_bars_of_each_series_in_the_order_in_which_they_came() -> None:
    one, other = odd(walk(9)), odd(walk(9, 3, "MSFT"))
    mixed = [bar for pair in zip(one, other, strict=True) for bar in pair]
    stretches = gather([*mixed, one[2]])
    assert [[stretch.bar(place) for place in range(len(stretch))] for stretch in stretches] == [[*one, one[2]], other]
    assert [stretch.ascending for stretch in stretches] == [False, True]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.datetimes(datetime(1900, 1, 1), datetime(2262, 1, 1), timezones=st.sampled_from((UTC, OFFSET))).flatmap(  # noqa: DTZ001
            lambda time: st.sampled_from((time, time.replace(microsecond=0)))
        ),
        max_size=8,
    )
)
def test_instants_are_exact_for_every_form_of_a_time(times: list[datetime]) -> None:
    exact = [(time - EPOCH) // timedelta(microseconds=1) for time in times]
    assert microseconds(instants_of(times)) == exact


@pytest.mark.parametrize("count", [0, 1, 15, 16, 65_535, 65_536])
def test_instants_of_any_number_of_times(count: int) -> None:
    times = [START + timedelta(minutes=number) for number in range(count)]
    assert microseconds(instants_of(times)) == [(time - EPOCH) // timedelta(microseconds=1) for time in times]
