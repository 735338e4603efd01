"""docs/indicators.md: its examples have the shown results, and its tables agree with every indicator."""

from __future__ import annotations

import doctest
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from stockstream.indicators.catalog import catalog
from stockstream.models import Model

KINDS = {name: kind for name, kind in catalog().items() if not issubclass(kind, Model)}  # those are in docs/models.md
PAGE = (Path(__file__).parents[2] / "docs" / "indicators.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """The table below a heading: the cells behind the name of each indicator."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    cells = [re.split(r" ?\| ?", line.strip("| ")) for line in section.splitlines() if line.startswith("| `")]
    return {first.split("`")[1]: [first.rpartition("` ")[2], *rest] for first, *rest in cells}


def call(kind: type[Any]) -> str:
    """How an indicator is made: with those of its parameters that are numbers, as the tables write them."""
    parameters = inspect.signature(kind).parameters.values()
    numbers = [f"{each.name}={each.default:g}" for each in parameters if isinstance(each.default, int | float)]
    return f"{kind.__name__}({', '.join(numbers)})"


@pytest.mark.parametrize(("heading", "columns"), [("What each computes", 5), ("Where others differ", 4)])
def test_every_indicator_has_its_row(heading: str, columns: int) -> None:
    found = rows(heading)
    assert list(found) == list(KINDS)
    assert {name: len(cells) for name, cells in found.items()} == dict.fromkeys(KINDS, columns)
    assert all(all(cells) for cells in found.values())


@pytest.mark.parametrize("name", KINDS)
def test_parameters_and_first_point_are_as_the_table_says(name: str) -> None:
    kind = KINDS[name]
    cells = rows("What each computes")[name]
    assert cells[0] == call(kind)
    assert int(cells[-1].split()[0]) == kind().lookback


def test_the_examples_give_what_they_say() -> None:
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    examples = doctest.DocTestParser().get_doctest(code, {}, "docs/indicators.md", None, None)
    assert len(examples.examples) == PAGE.count("\n>>> ")
    result: list[str] = []
    assert not doctest.DocTestRunner().run(examples, out=result.append).failed, "".join(result)
