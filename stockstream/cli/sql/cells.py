"""Cells of a result as text: for people, for CSV and for JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import count

import pyarrow as pa

from stockstream.cli.text import printable
from stockstream.codec import Json
from stockstream.views.frame import text_cell


def shown(value: object) -> str:
    """A cell of a table for people.

    >>> shown(0.1 + 0.2), shown(None), shown(datetime(2026, 3, 2, 14, 30)), shown(["a", "b"]), shown({"rsi": 71.5})
    ('0.3', '-', '2026-03-02 14:30', 'a, b', 'rsi 71.5')
    """
    if value is None:
        return "-"
    if isinstance(value, pa.MonthDayNano):
        return _span(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, datetime):
        time = "%H:%M" if not value.second and not value.microsecond else "%H:%M:%S"
        fraction = f".{value.microsecond:06}".rstrip("0") if value.microsecond else ""
        return value.strftime(f"%Y-%m-%d {time}") + fraction + ("" if value.tzinfo is None else "Z")
    if isinstance(value, list):
        return ", ".join(shown(each) for each in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{shown(name)} {shown(each)}" for name, each in value.items())
    return printable(str(value))


def csv_cell(value: object) -> str:
    """A cell of a CSV file, with all digits; a text that a spreadsheet would compute gets a ``'`` before it.

    >>> csv_cell(0.1), csv_cell(None), csv_cell("=1+1"), csv_cell(["a"])
    ('0.1', '', "'=1+1", '["a"]')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime | date):
        return _iso(value)
    if isinstance(value, pa.MonthDayNano):
        return _span(value)
    if isinstance(value, Mapping | Sequence) and not isinstance(value, str | bytes):
        return text_cell(json.dumps(plain(value)))
    return text_cell(value) if isinstance(value, str) else str(value)


def plain(value: object) -> Json:
    """A value as JSON has it: times in ISO 8601, numbers that are none as null.

    >>> plain({"a": [float("nan"), date(2026, 3, 2)], "b": [Decimal("3"), Decimal("1.50")]})
    {'a': [None, '2026-03-02'], 'b': [3, 1.5]}
    """
    if isinstance(value, Decimal):  # sums of whole numbers, too
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, datetime | date):
        return _iso(value)
    if isinstance(value, pa.MonthDayNano):
        return _span(value)
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else str(value)


def _iso(value: date) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _span(value: pa.MonthDayNano) -> str:
    """An interval as DuckDB writes it.

    >>> _span(pa.MonthDayNano([14, 8, 23_340_000_000_000])), _span(pa.MonthDayNano([0, -1, 0]))
    ('1 year 2 months 8 days 06:29:00', '-1 day')
    >>> _span(pa.MonthDayNano([0, 0, -1_500_000_000])), _span(pa.MonthDayNano([0, 0, 0]))
    ('-00:00:01.5', '00:00:00')
    """
    months, days, nanoseconds = value
    years = int(months / 12)  # towards zero
    counted = ((years, "year"), (months - 12 * years, "month"), (days, "day"))
    parts = [f"{number} {unit}{'' if abs(number) == 1 else 's'}" for number, unit in counted if number]
    if nanoseconds or not parts:
        seconds, rest = divmod(abs(nanoseconds), 1_000_000_000)
        fraction = f".{rest:09}".rstrip("0") if rest else ""
        sign = "-" if nanoseconds < 0 else ""
        parts.append(f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}")
    return " ".join(parts)


def apart(names: Sequence[str]) -> list[str]:
    """The names of columns, those that repeat with a number, so that each column has its own.

    >>> apart(["a", "b", "a", "a_1", "a"])
    ['a', 'b', 'a_2', 'a_1', 'a_3']
    """
    found: list[str] = []
    for name in names:
        others = (f"{name}_{number}" for number in count(1))
        found.append(
            name if name not in found else next(each for each in others if each not in names and each not in found)
        )
    return found


def numeric(kind: pa.DataType) -> bool:
    """Whether a column holds numbers, which are aligned at the right."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))
