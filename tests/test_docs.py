"""Documents: every link, picture, command line, path and name in them exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from stockstream.cli import main
from stockstream.consumers.registry import VIEWS
from tests.command_lines import parsed

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "data" / "flights" / "README.md"])
CURRENT = [page for page in PAGES if page.name != "CHANGELOG.md"]

PLACEHOLDERS = {
    "COMMAND": "topics",
    "DATE": "2026-03-02",
    "FILE": "file.csv",
    "JOB": "raw stocks",
    "NAME": "rsi",
    "PORT": "9101",
    "SOURCE": "simulated",
    "SYMBOL": "AAPL",
}
"""Words that stand for a value in the documents, and a value to parse instead."""

UNPARSED = ("...", "|", "streak", "tides", "--install-completion")
"""Parts of lines that are not parsed: alternatives, plug-ins of docs/extending.md, and an option that acts at once."""

EXAMPLES = {"stockstream/producers/sources/binance.py", "stockstream/sources/binance.py"}
"""Files that the documents ask the reader to write."""


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def spans(text: str) -> list[str]:
    """The code spans of a text outside its code blocks."""
    plain = re.sub(r"^```.*?^```|^    .*?$", "", text, flags=re.DOTALL | re.MULTILINE)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", plain)]


def lines(text: str) -> Iterator[str]:
    """The command lines: indented by four spaces, without comments, continued lines joined."""
    for line in re.findall(r"^    (\S.*)$", re.sub(r"\\\n\s+", "", text), flags=re.MULTILINE):
        yield re.split(r"\s+#", line)[0]


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    plain = re.sub(r"^```.*?^```", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", plain, flags=re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", text_of(page)):
        if "://" not in target:
            file = page.parent / target if target else page
            assert file.exists(), target
            assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: page.name)
def test_every_command_line_can_be_typed(page: Path) -> None:
    text = text_of(page)
    typed = list(lines(text))
    for line in [*typed, *spans(text)]:
        if not line.startswith("stockstream ") or any(part in line for part in UNPARSED):
            continue
        words = (PLACEHOLDERS.get(word, "7" if word == "N" else word) for word in line.split(" "))
        try:
            parsed(" ".join(words))
        except typer.Exit:  # --help
            pass
        except main._USAGE as error:
            # A command that is only mentioned in a sentence needs no arguments.
            if line in typed or not str(error).startswith("Missing parameter"):
                pytest.fail(f"{line}: {error}")


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: page.name)
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", text_of(ROOT / "Makefile"), flags=re.MULTILINE))
    text = text_of(page)
    for line in [*lines(text), *spans(text)]:
        named = re.match(r"make ([a-z-]+)( |$)", line)
        assert named is None or named[1] in targets, line


@pytest.mark.parametrize("page", CURRENT, ids=lambda page: page.name)
def test_every_path_in_the_project_exists(page: Path) -> None:
    folders = {folder.name for root in (ROOT, ROOT / "stockstream") for folder in root.iterdir() if folder.is_dir()}
    files = re.compile(r"[\w.-]+/([\w./-]*\.(py|md|yaml|cfg|lock|sh|png)|[\w./-]*/)?")
    for span in spans(text_of(page)):
        if not files.fullmatch(span) or span.partition("/")[0] not in folders:
            continue
        places = (ROOT / span, ROOT / "stockstream" / span)
        assert span in EXAMPLES or span.startswith("out/") or any(place.exists() for place in places), span


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/decisions.md"])
def test_every_class_that_is_named_exists(name: str) -> None:
    source = "\n".join(text_of(file) for file in (ROOT / "stockstream").rglob("*.py"))
    defined = set(re.findall(r"^(?:class )?([A-Z]\w+)\b", source, flags=re.MULTILINE))
    for span in spans(text_of(ROOT / name)):
        named = re.fullmatch(r"([A-Z][a-z]\w*)(?:\.(\w+))?(?:\(.*\))?", span)
        if named:
            assert named[1] in defined, span
            assert named[2] is None or re.search(rf"\b{named[2]}\b", source), span


@pytest.mark.parametrize("name", [*VIEWS, "chart"])
def test_every_window_has_its_picture(name: str) -> None:
    assert f"(pictures/{name}.png)" in text_of(ROOT / "docs" / "windows.md")
    assert (ROOT / "docs" / "pictures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_every_page_is_on_the_start_page() -> None:
    linked = re.findall(r"\]\(([\w-]+\.md)\)", text_of(ROOT / "docs" / "index.md"))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} == {*linked, "index.md"}
