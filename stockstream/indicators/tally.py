"""How many values something may have taken, as far as its state tells: ranges of whole numbers."""

from __future__ import annotations

from typing import Final

_EVER: Final = 1 << 62


def exactly(count: int) -> range:
    """That many.

    >>> exactly(3)
    range(3, 4)
    """
    return range(count, count + 1)


def at_least(count: int) -> range:
    """That many, or any number above."""
    return range(count, _EVER)


def begun(is_begun: bool) -> range:
    """None at all, or at least one."""
    return at_least(1) if is_begun else exactly(0)


def filling(missing: int, size: int) -> range:
    """What ``size`` values fill, of which so many are missing; it stays full.

    >>> filling(2, 5), filling(0, 5).start, bool(filling(6, 5))
    (range(3, 4), 5, False)
    """
    if not 0 <= missing <= size:
        return range(0)
    return exactly(size - missing) if missing else at_least(size)


def common(*counts: range) -> range:
    """What is in all of them: any number where there are none; empty, which is false, where they contradict each other.

    >>> common(at_least(3), range(2, 5))
    range(3, 5)
    """
    return range(max((each.start for each in counts), default=0), min((each.stop for each in counts), default=_EVER))


def behind(counts: range, delay: int) -> range:
    """Of something that hands on all its values but the first ``delay``: how many, where these are those handed on.

    >>> behind(exactly(0), 4), behind(exactly(1), 4)
    (range(0, 5), range(5, 6))
    """
    if not counts:
        return counts
    return range(counts.start + delay if counts.start else 0, counts.stop + delay)
