"""What the documents show is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stockstream.consumers.registry import VIEWS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("name", [*VIEWS, "chart"])
def test_every_window_has_its_picture(name: str) -> None:
    text = (ROOT / "docs" / "windows.md").read_text(encoding="utf-8")
    assert f"(pictures/{name}.png)" in text
    assert (ROOT / "docs" / "pictures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_every_page_is_on_the_start_page() -> None:
    linked = re.findall(r"\]\(([\w-]+\.md)\)", (ROOT / "docs" / "index.md").read_text(encoding="utf-8"))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} == {*linked, "index.md"}
