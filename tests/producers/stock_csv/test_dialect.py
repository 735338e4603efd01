"""Separators, and formats of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from stockstream.errors import BadRow, SourceError
from stockstream.producers.stock_csv import StockFiles
from tests.producers.stock_csv.helpers import HEADER, Write, examined, numbers, read


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_separator(write: Write, separator: str) -> None:
    lines = [HEADER, "2025-01-02,10.5,12.25,9.5,11.75,1000", "2025-01-03,11.5,12.25,9.5,11.75,1000"]
    bars = read(write("KO.csv", *(line.replace(",", separator) for line in lines)), interval="1d")
    assert numbers(bars[0]) == (10.5, 12.25, 9.5, 11.75, 1000.0)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1.200,50", "1.201", "1.199,7", "1.200", "607.337"], (1200.5, 1201, 1199.7, 1200, 607337)),
        (["1 200,50", "1 201,00", "1 199,70", "1 200,00", "607 337"], (1200.5, 1201, 1199.7, 1200, 607337)),
        (["1'200.50", "1'201.00", "1'199.70", "1'200.00", "607'337"], (1200.5, 1201, 1199.7, 1200, 607337)),
        (["1\u00a0200,5", "1\u202f201,0", "1199,7", "1200,0", "607\u00a0337"], (1200.5, 1201, 1199.7, 1200, 607337)),
        (["$1,200.50", "$1,201.00", "$1,199.70", "$1,200.00", "1.25M"], (1200.5, 1201, 1199.7, 1200, 1_250_000)),
        (["12.5 €", "13.0 €", "12.0 €", "12.75 €", "3.5K"], (12.5, 13, 12, 12.75, 3500)),
        (["12.5", "13.0", "12.0", "12.75", "1.1B"], (12.5, 13, 12, 12.75, 1_100_000_000)),
        (["12,5", "13,0", "12,0", "12,75", "2,4M"], (12.5, 13, 12, 12.75, 2_400_000)),
        (["12.5", "13.0", "12.0", "12.75", "-"], (12.5, 13, 12, 12.75, None)),
        (["1,234,567", "1,234,567", "1,234,567", "1,234,567", "1"], (1234567, 1234567, 1234567, 1234567, 1)),
        (
            ["1,23,456.75", "1,23,460", "99,450.5", "1,23,455", "1,12,34,567"],
            (123456.75, 123460, 99450.5, 123455, 11234567),
        ),
        (["12", "13", "12", "12", "607,337"], (12, 13, 12, 12, 607337)),
        (["1200", "1201", "1200", "1200", "607,337"], (1200, 1201, 1200, 1200, 607337)),
        (["0.123", "0.125", "0.120", "0.124", "1000"], (0.123, 0.125, 0.12, 0.124, 1000)),
        (["-37.63", "13.1", "-40.32", "-37.63", "5e3"], (-37.63, 13.1, -40.32, -37.63, 5000)),
    ],
)
def test_numbers_however_they_are_written(write: Write, cells: Sequence[str], expected: tuple[float, ...]) -> None:
    (bar,) = read(write("KO_1d.csv", HEADER.replace(",", ";"), ";".join(["2025-01-02", *cells])))
    assert numbers(bar) == expected


@pytest.mark.parametrize(("decimal", "price"), [(".", 1234.0), (",", 1.234)])
def test_a_mark_that_may_part_thousands_or_decimals_is_asked_for(write: Write, decimal: str, price: float) -> None:
    path = write("KO_1d.csv", HEADER.replace(",", ";"), "2025-01-02;1,234;1,240;1,230;1,234;900")
    with pytest.raises(SourceError, match=r"'1,234' may be 1234 or 1\.234.*--decimal"):
        read(path)
    assert read(path, decimal=decimal)[0].close == price


def test_three_decimals_behind_a_point_are_asked_for_only_where_it_may_part_thousands(write: Write) -> None:
    rows = ["2025-01-02,110.123,110.500,110.001,110.250,900"]
    assert read(write("JPY_1d.csv", HEADER, *rows))[0].close == 110.25
    with pytest.raises(SourceError, match=r"'110\.123' may be 110123 or 110\.123"):
        read(write("JPY_1d.csv", *(line.replace(",", ";") for line in (HEADER, *rows))))


def test_one_number_that_is_spoilt_is_refused_by_line(write: Write) -> None:
    path = write(
        "KO_1d.csv", HEADER.replace(",", ";"), "2025-01-02;1.5;2.5;1.5;2.25;9", "2025-01-03;1,5;2.5;1.5;2.25;9"
    )
    items = list(StockFiles(examined(path)))
    assert [str(item).rpartition(": ")[2] for item in items if isinstance(item, BadRow)] == ["'1,5' is not a number"]
