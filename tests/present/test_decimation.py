"""Buckets keep every peak, and do not change while rows arrive."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stockstream.present import decimation

values = st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=60)
sizes = st.sampled_from([1, 2, 4, 8])


@given(values, sizes)
def test_peaks_are_kept_where_they_are(numbers: list[float], size: int) -> None:
    column = np.array(numbers)
    rows, kept = decimation.extremes(column, 8 * size, size)
    known = np.isfinite(kept)
    assert np.array_equal(column[rows[known].astype(int) - 8 * size], kept[known])
    if np.isfinite(column).any():
        assert np.nanmax(kept) == np.nanmax(column)
        assert np.nanmin(kept) == np.nanmin(column)
    assert (np.diff(rows) >= 0).all()


@given(values, sizes, st.integers(0, 7))
def test_full_buckets_never_change(numbers: list[float], size: int, more: int) -> None:
    column = np.array(numbers)
    full = len(column) // size
    for reduce in (decimation.highest, decimation.lowest):
        longer = reduce(np.concatenate((column, np.full(more, 7.0))), size)
        assert np.array_equal(reduce(column, size)[:full], longer[:full], equal_nan=True)
    _, kept = decimation.extremes(column, 0, size)
    _, longer = decimation.extremes(np.concatenate((column, np.full(more, 7.0))), 0, size)
    points = full * (1 if size == 1 else 2)
    assert np.array_equal(kept[:points], longer[:points], equal_nan=True)


def test_first_and_last_of_each_bucket() -> None:
    column = np.arange(10.0)
    assert decimation.firsts(column, 4).tolist() == [0, 4, 8]
    assert decimation.lasts(column, 4).tolist() == [3, 7, 9]
    assert decimation.lasts(column, 1).tolist() == column.tolist()
    assert decimation.centers(10, 4, 4).tolist() == [5.5, 9.5, 13.5]


def test_every_row_is_drawn_up_to_a_limit() -> None:
    assert decimation.bucket_size(decimation.MOST_ROWS, 300.0) == 1
    for rows in (decimation.MOST_ROWS + 1, 5_000, 1_000_000):
        size = decimation.bucket_size(rows, 900.0)
        assert size & (size - 1) == 0
        assert 2.0 <= 900.0 / (rows / size) < 5.0 or size == 2
