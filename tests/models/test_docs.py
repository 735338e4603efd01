"""docs/models.md: its examples have the shown results, and its table agrees with every model."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

from tests.indicators.test_docs import call
from tests.models.every import MODELS

PAGE = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## What each computes\n")[2].partition("\n## ")[0]
ROWS = {line.split("`")[1]: re.split(r" ?\| ?", line.strip("| ")) for line in SECTION.splitlines() if line[:3] == "| `"}


def test_every_model_has_its_row() -> None:
    assert sorted(ROWS) == list(MODELS)


@pytest.mark.parametrize(("name", "kind"), MODELS.items(), ids=MODELS)
def test_parameters_and_first_point_are_as_the_table_says(name: str, kind: type[Any]) -> None:
    first, *_, last = ROWS[name]
    assert first == f"`{name}` {call(kind)}"
    assert int(last.split()[0]) == kind().lookback


def test_the_examples_give_what_they_say() -> None:
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    examples = doctest.DocTestParser().get_doctest(code, {}, "docs/models.md", None, None)
    assert len(examples.examples) == PAGE.count("\n>>> ")
    result: list[str] = []
    assert not doctest.DocTestRunner().run(examples, out=result.append).failed, "".join(result)
