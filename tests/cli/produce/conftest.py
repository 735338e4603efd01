"""A folder with files to send, and a stand-in for Yahoo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.producers.flight_lines import line, write
from tests.producers.yahoo_standin import CLOSING, OPENING, Market, Standin, minutes, standing_in


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder with files to send."""
    monkeypatch.chdir(tmp_path)
    for name in ("state", "cache"):
        monkeypatch.setenv(f"STOCKSTREAM_{name.upper()}_DIR", str(tmp_path / name))
    header = "time,open,high,low,close,volume,settle\n"
    rows = "2026-03-02 14:30:00,1,2,0.5,1.5,10,1.6\n2026-03-02 14:31:00,1.5,2,1,1.25,20,1.3\n"
    (tmp_path / "AAPL_1m.csv").write_text(header + rows)
    (tmp_path / "MSFT_1d.csv").write_text(header + "02/03/2026,1,2,0.5,1.5,10,1.6\n03/03/2026,1.5,2,1,1.25,20,1.3\n")
    written = '2026-03-02;"1,500";"2,500";"0,500";"1,500"\n'
    (tmp_path / "SAP_1d.csv").write_text("time;open;high;low;close\n" + written)
    days = (line(day="5"), line(day="6", airline="AA"), line(day="6", scheduled_departure="1722"), line(day="7"))
    write(tmp_path / "flights.csv", *days)
    return tmp_path


@pytest.fixture
def yahoo(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    """A stand-in for Yahoo that knows eleven minutes of AAPL, of which the last is not over."""
    with standing_in(home) as standin:
        for name, value in standin.environment.items():
            monkeypatch.setenv(name, value)
        standin.markets["AAPL"] = Market(minutes(OPENING, 11), (OPENING, CLOSING))
        yield standin
