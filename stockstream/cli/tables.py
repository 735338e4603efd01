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
    """Short texts in a line, wrapped between texts.

    Parameters
    ----------
    items
        The texts.
    one_line
        Omit texts that do not fit, instead of wrapping.
    """

    def __init__(self, items: Sequence[Text], *, one_line: bool = False) -> None:
        self._items = items
        self._one_line = one_line

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Minimum: the widest item; maximum: all items in a line."""
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
        """Whether another item fits into the line; the first one always does."""
        width = sum(each.cell_len + len(_BETWEEN) for each in self.items) + item.cell_len
        return not self.items or width <= self.room


@dataclass(frozen=True)
class Row:
    """Cells of a row, items of the last column, and weight of the row if not all rows fit."""

    cells: Sequence[str | Text]
    items: Sequence[Text] = ()
    weight: float = 0.0


@dataclass(frozen=True)
class Section:
    """A table: the names of its columns, those that are right-aligned, and its rows.

    Without rows it is one line: the name of the first column and ``empty``.
    """

    columns: Sequence[str]
    rows: Sequence[Row]
    right: frozenset[str] = frozenset()
    empty: str = ""

    def table(self, *, most: int | None = None) -> Table | Text:
        """The table. With ``most`` it has at most that many rows, those of greatest weight, with a line for each."""
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
    """The rows to show, in their order, and the number of omitted ones, for which a line is reserved."""
    if most is None or len(rows) <= most:
        return rows, 0
    count = max(1, most - 1)
    chosen = sorted(range(len(rows)), key=lambda number: -rows[number].weight)[:count]
    return [rows[number] for number in sorted(chosen)], len(rows) - count if most > count else 0


def shares(wanted: Sequence[int], room: int) -> list[int]:
    """Number of lines for each section, if there is room for ``room`` lines: the longest sections are shortened first.

    >>> shares([2, 9, 4], 20), shares([2, 9, 4], 10), shares([2, 9, 4], 1)
    ([2, 9, 4], [2, 4, 4], [1, 1, 1])
    """
    given = list(wanted)
    while sum(given) > room and max(given) > 1:
        given[given.index(max(given))] -= 1
    return given
