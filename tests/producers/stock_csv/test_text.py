"""Stock files in any encoding."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.producers.stock_csv.helpers import HEADER, Write, day, numbers, read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_in_any_encoding_with_any_line_ends(tmp_path: Path, encoding: str, end: str) -> None:
    text = end.join(["Datum;Eröffnung;Hoch;Tief;Schlusskurs;Stücke", "02.01.2025;1,5;2,5;0,5;1,25;100", ""])
    (tmp_path / "ÄÖ_1d.csv").write_bytes(text.encode(encoding))
    (bar,) = read(tmp_path / "ÄÖ_1d.csv")
    assert (bar.symbol, bar.time, numbers(bar)) == ("ÄÖ", day(2025, 1, 2), (1.5, 2.5, 0.5, 1.25, 100.0))


@pytest.mark.parametrize("mark", ["ï»¿", "\ufeffï»¿", "\ufeff"])
def test_a_mark_that_was_encoded_twice_is_no_part_of_a_name(write: Write, mark: str) -> None:
    rows = [f"{name},2026-01-{date:02},1,2,1,2,{place}" for place, name in enumerate(("HSI", "NYA")) for date in (1, 2)]
    bars = read(write("x_1d.csv", f"{mark}Index,{HEADER}", *rows))
    assert Counter(bar.symbol for bar in bars) == {"HSI": 2, "NYA": 2}


def test_letters_of_another_encoding_in_a_later_row_are_read(tmp_path: Path) -> None:
    rows = ["Name,Date,Open,High,Low,Close", "KO,2026-01-01,1,2,1,2", "Äß,2026-01-01,1,2,1,2"]
    (tmp_path / "x_1d.csv").write_bytes("\n".join([*rows, ""]).encode("cp1252"))
    assert [bar.symbol for bar in read(tmp_path / "x_1d.csv")] == ["KO", "Äß"]
