"""A dashboard on a canvas."""

from __future__ import annotations

import pytest

from tests.charts.dashboard.board_stage import Stage, fold_of


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.show(fold_of(300))
    return stage
