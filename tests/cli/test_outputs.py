"""Output files of commands: recognised as ours, and never written over a foreign file."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from stockstream.charts.report.page import page
from stockstream.charts.window.picture import save
from stockstream.charts.window.saving import save_figure
from stockstream.cli.outputs import PAGE, PICTURE, TABLE, check
from stockstream.consumers.flights import VIEW as FLIGHTS
from stockstream.consumers.live import Live
from stockstream.consumers.values import Values
from stockstream.files import is_ours, replacing
from stockstream.records import FlightDay
from stockstream.topics import STOCKS
from stockstream.views.fold import Selection
from tests.site import Site
from tests.views.bars import walk


def figure() -> Figure:
    drawn = Figure()
    FigureCanvasAgg(drawn)
    drawn.add_axes((0.1, 0.1, 0.8, 0.8)).plot([1, 2, 3])
    return drawn


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "PNG"])
def test_a_picture_of_ours_is_known_again(tmp_path: Path, suffix: str) -> None:
    drawn = figure()
    headless, saved, others = (tmp_path / f"{name}.{suffix}" for name in ("headless", "saved", "others"))
    canvas = drawn.canvas
    assert isinstance(canvas, FigureCanvasAgg)
    canvas.draw()
    save(canvas, headless, hint="")
    save_figure(drawn, saved)
    drawn.savefig(others, format=suffix.lower())
    assert is_ours(headless)
    assert is_ours(saved)
    assert not is_ours(others)
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert headless.read_bytes().startswith(starts[suffix.lower()])


def test_a_page_of_ours_is_known_again(tmp_path: Path) -> None:
    ours, others = tmp_path / "ours.html", tmp_path / "others.html"
    ours.write_text(page("Stocks", "", [], ()))
    others.write_text("<!DOCTYPE html><html><head><title>about stockstream</title></head></html>")
    assert is_ours(ours)
    assert not is_ours(others)


def test_a_table_of_ours_is_known_by_its_header(tmp_path: Path) -> None:
    flights = tmp_path / "flights.csv"
    live = Live(FLIGHTS, Selection(), {}, {"bootstrap.servers": "127.0.0.1:1"}, None)
    live.fold.apply([FlightDay("a" * 16, 0, 2015, 1, 1, "AA")])  # type: ignore[list-item]
    Values(flights, live).refresh()
    assert is_ours(flights)
    for text in ("Date,Open,High,Low,Close\n", "time,symbol,open,high,low,close,volume\n", "x\ntime,symbol,doubtful\n"):
        others = tmp_path / "others.csv"
        others.write_text(text)
        assert not is_ours(others)


def test_what_is_empty_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    assert is_ours(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("name", "kind", "result"),
    [
        ("a.gif", PICTURE, "a.gif is not a name of a picture: it should end in .png or .svg or .pdf"),
        ("a", TABLE, "a is not a name of a table: it should end in .csv"),
        ("a.png", PAGE, "a.png is not a name of a page: it should end in .html or .htm"),
        ("folder.csv", TABLE, "folder.csv is a folder"),
        ("no/a.csv", TABLE, "there is no folder no"),
        ("others.csv", TABLE, "others.csv exists and stockstream did not write it: choose another name, or --force"),
        ("a" * 300 + ".csv", TABLE, "file name too long"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: object, result: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.csv").mkdir()
    Path("others.csv").write_text("mine")
    with pytest.raises(typer.BadParameter) as caught:
        check(Path(name), kind, "--values", force=False)  # type: ignore[arg-type]
    assert result in caught.value.message
    check(Path("others.csv"), TABLE, "--values", force=True)
    check(None, TABLE, "--values", force=False)


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(Path("data") / "real.csv")
    with replacing(tmp_path / "link.csv") as beside:
        beside.write_text("new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "data" / "real.csv").read_text() == "new"
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["real.csv"]


def test_what_once_has_written_is_reported_and_written_again_and_others_files_are_kept(site: Site) -> None:
    site.send(STOCKS, walk(148))
    arguments = ("watch", "rsi", "AAPL", "--once")
    both = ("--headless", "aapl.png", "--values", "aapl.csv")
    for options, result in (
        (both, "wrote aapl.png, aapl.csv (148 rows)"),
        (both, "wrote aapl.png, aapl.csv (148 rows)"),
        (("--values", "aapl.csv"), "wrote aapl.csv (148 rows)"),
        (("--headless", "aapl.svg"), "wrote aapl.svg"),
    ):
        run = site.run(*arguments, *options)
        assert (run.returncode, run.stdout) == (0, f"{result}\n"), run.stderr
    mine = site.folder / "mine.csv"
    mine.write_text("Date,Open\n")
    run = site.run(*arguments, "--values", "mine.csv")
    assert run.returncode == 2
    assert run.stderr.startswith("stockstream: --values: mine.csv exists and stockstream did not write it")
    assert mine.read_text() == "Date,Open\n"
    assert site.run(*arguments, "--values", "mine.csv", "--force").returncode == 0
    assert is_ours(mine)


def test_a_report_is_not_written_over_a_page_of_others(site: Site) -> None:
    site.send(STOCKS, walk(30))
    page = site.folder / "page.html"
    page.write_text("mine")
    run = site.run("report", "--out", "page.html")
    assert (run.returncode, page.read_text()) == (2, "mine")
    for force in (["--force"], []):
        assert site.run("report", "--out", "page.html", *force).returncode == 0
    assert is_ours(page)
