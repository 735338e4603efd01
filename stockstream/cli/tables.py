"""Text tables whose last column takes the remaining width, and that can be cut to a number of lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_BETWEEN: Final = "  "
_MORE: Final = Text("...", "dim")


class Items:
    """Short texts side by side; each is kept whole, and what has no room goes on in the next line.

    Parameters
    ----------
    items
        The texts.
    one_line
        Leave out what has no room instead.
    """

    def __init__(self, items: Sequence[Text], *, one_line: bool = False) -> None:
        self._items = items
        self._one_line = one_line

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """The widest item is the least; all in a line the most."""
        widths = [item.cell_len for item in self._items] or [0]
        return Measurement(max(widths), sum(widths) + len(_BETWEEN) * (len(widths) - 1))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines."""
        lines = [_Line(options.max_width)]
        for item in self._items:
            if not lines[-1].has_room_for(item):
                lines.append(_Line(options.max_width))
            lines[-1].items.append(item)
        if self._one_line and len(lines) > 1:
            del lines[1:]
            while lines[0].items and not lines[0].has_room_for(_MORE):
                lines[0].items.pop()
            lines[0].items.append(_MORE)
        for line in lines:
            yield Text(_BETWEEN, no_wrap=True, overflow="ellipsis").join(line.items)


@dataclass
class _Line:
    room: int
    items: list[Text] = field(default_factory=list)

    def has_room_for(self, item: Text) -> bool:
        """Whether another item fits in; the first one does in any case."""
        width = sum(each.cell_len + len(_BETWEEN) for each in self.items) + item.cell_len
        return not self.items or width <= self.room


@dataclass(frozen=True)
class Row:
    """The cells of a row, what stands in the last column, and how much the row matters where not all have room."""

    cells: Sequence[str | Text]
    items: Sequence[Text] = ()
    weight: float = 0.0


@dataclass(frozen=True)
class Section:
    """A table: the names of its columns, those among them that end in line, and its rows.

    Without rows it is one line: the first column's name and ``empty``.
    """

    columns: Sequence[str]
    rows: Sequence[Row]
    right: frozenset[str] = frozenset()
    empty: str = ""

    def table(self, *, most: int | None = None) -> Table | Text:
        """The table; with ``most`` it takes a line a row, and so many rows: those of the greatest weight."""
        if not self.rows:
            return Text.assemble((f"{self.columns[0]}  ", "bold"), (self.empty, "dim"))
        grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for name in self.columns[:-1]:
            grid.add_column(name, justify="right" if name in self.right else "left", no_wrap=True)
        grid.add_column(Text(self.columns[-1], no_wrap=True, overflow="ellipsis"), overflow="fold")
        rows, left_out = _heaviest(self.rows, most)
        for row in rows:
            cells = (Text(cell) if isinstance(cell, str) else cell for cell in row.cells)
            grid.add_row(*cells, Items(row.items, one_line=most is not None))
        if left_out:
            grid.add_row(Text(f"and {left_out:,} more", "dim"))
        return grid


def _heaviest(rows: Sequence[Row], most: int | None) -> tuple[Sequence[Row], int]:
    """The rows that are shown, in their order, and how many are not where there is a line to say so."""
    if most is None or len(rows) <= most:
        return rows, 0
    count = max(1, most - 1)
    chosen = sorted(range(len(rows)), key=lambda number: -rows[number].weight)[:count]
    return [rows[number] for number in sorted(chosen)], len(rows) - count if most > count else 0


def shares(wanted: Sequence[int], room: int) -> list[int]:
    """How many lines each of some sections gets where there is room for so many: the longest give way first.

    >>> shares([2, 9, 4], 20), shares([2, 9, 4], 10), shares([2, 9, 4], 1)
    ([2, 9, 4], [2, 4, 4], [1, 1, 1])
    """
    given = list(wanted)
    while sum(given) > room and max(given) > 1:
        given[given.index(max(given))] -= 1
    return given
