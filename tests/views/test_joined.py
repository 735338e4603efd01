"""A joined table against a sorted table, while its frames are replaced repeatedly."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stockstream.views.frame import Frame
from stockstream.views.joined import Joined

COUNT = 4
times = st.lists(st.integers(0, 30), max_size=24, unique=True).map(sorted)
changes = st.lists(st.tuples(st.integers(0, COUNT - 1), times), max_size=8)


def frame_of(place: int, instants: list[int]) -> Frame:
    owners = np.full(len(instants), place)
    return Frame("time", {"time": np.array(instants, "M8[us]"), "owner": owners})


@given(changes, st.integers(0, 40), st.integers(1, 12), st.sampled_from([None, 5, 50]))
def test_any_page_is_that_of_the_sorted_whole(
    changes: list[tuple[int, list[int]]], first: int, count: int, most: int | None
) -> None:
    joined = Joined("time", COUNT, most)
    held: dict[int, list[int]] = {}
    for place, instants in [(2, [1]), *changes]:
        held[place] = instants
        joined.put(place, frame_of(place, instants))
        whole = [(-instant, owner) for owner in sorted(held) for instant in held[owner]]
        whole = sorted(whole)[:most]
        assert len(joined) == len(whole)
        page = joined.slice(slice(first, first + count))
        expected = whole[first : first + count]
        assert page.instants.astype(np.int64).tolist() == [-age for age, _ in expected]
        if expected:
            assert page["owner"].tolist() == [owner for _, owner in expected]
