"""Answers of the API: an error says once what to do about it."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi")

from stockstream.errors import StockstreamError
from stockstream.web.answers import problem


def test_a_problem_has_its_hint_once() -> None:
    answer = problem(StockstreamError("there is no user ann", hint="name another one"))
    assert (answer.status_code, bytes(answer.body)) == (400, b'{"detail":"there is no user ann - name another one"}')
