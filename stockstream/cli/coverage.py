"""``stockstream models evaluate`` for models that state intervals: how often these held, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Final

from stockstream.cli.text import table
from stockstream.errors import SeriesError

if TYPE_CHECKING:
    from stockstream.models.coverage import Coverage, Line
    from stockstream.views.series import SeriesFold
    from stockstream.views.study import Part

_COLUMNS: Final[Mapping[str, tuple[str, str]]] = {
    "held": ("HELD", ".1%"),
    "walk_held": ("RANDOM WALK'S", ".1%"),
    "score": ("SCORE", ".3f"),
    "seen": ("TRENDS SEEN", ".1%"),
    "went_on": ("WENT ON", ".1%"),
    "return_out": ("RETURN OUT", ".1%"),
    "range_out": ("RANGE OUT", ".1%"),
    "volume_out": ("VOLUME OUT", ".1%"),
    "again": ("NEXT IS ONE", ".1%"),
    "next_move": ("NEXT MOVE", ".2f"),
    "p_value": ("P", ".2g"),
}
"""Heading and format of each figure."""

_NOTES: Final[Mapping[str, str]] = {
    "score": "score: the interval score over a random walk's, below 1 is better",
    "seen": "a trend is seen where its interval leaves 0 out; it went on where the next slope has the same sign",
    "next_move": "next move: the mean size of the return after an outlier, over that after other bars",
}


def found(fold: SeriesFold, key: str, part: Part, since: datetime | None) -> Coverage:
    """How often the intervals of a model held over a series. Raises SeriesError for too few bars."""
    import numpy as np

    from stockstream.models.coverage import Walk, coverage

    frame, model = fold.frame(key), part.make()
    final = frame["final"].astype(bool) if "final" in frame else np.ones(len(frame), dtype=bool)
    columns = {name: frame[name][final] for name in ("close", *model.point.__struct_fields__)}
    times = frame.instants[final]
    first = 0 if since is None else int(np.searchsorted(times, np.datetime64(since.replace(tzinfo=None))))
    result = coverage(model, Walk(times, columns, first))
    if not result.total.count:
        raise SeriesError(f"{len(frame):,} bars of {key} are too few: no interval is due after the warm-up")
    return result


def record(title: str, coverage: Coverage) -> str:
    """The evaluation as JSON."""
    low, high = coverage.band
    content = {
        "model": title,
        "verdict": coverage.verdict,
        "what": coverage.what,
        "wanted": coverage.wanted,
        "reference": coverage.reference,
        "by_chance": [low, high],
        "total": _flat(coverage.total),
        "years": [_flat(each) for each in coverage.years],
        "purged": coverage.purged,
    }
    return json.dumps(content, indent=2)


def _flat(line: Line) -> dict[str, object]:
    content = asdict(line)
    return {**{name: content[name] for name in ("name", "count")}, **content["figures"]}


def text(title: str, coverage: Coverage) -> str:
    """The evaluation as a table."""
    names = list(coverage.total.figures)
    header = ["YEAR", coverage.what.upper(), *(_COLUMNS[name][0] for name in names)]
    rows = [[each.name, f"{each.count:,}", *_cells(each, names)] for each in (*coverage.years, coverage.total)]
    low, high = coverage.band
    lines = [
        f"{title}: {coverage.verdict}",
        "",
        table(header, rows, right=header[1:]),
        "",
        f"held is to be compared with {coverage.wanted:.1%} ({coverage.reference}), by chance {low:.1%} to {high:.1%}; "
        f"{coverage.purged:,} {coverage.what} over the turn of a year are in no year",
        *(note for name, note in _NOTES.items() if name in names),
    ]
    return "\n".join(lines)


def _cells(line: Line, names: list[str]) -> list[str]:
    values = [(line.figures[name], _COLUMNS[name][1]) for name in names]
    return ["-" if value is None else format(value, form) for value, form in values]
