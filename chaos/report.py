"""Report: the table of all trials, a line a kind of fault."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from chaos.faults import kinds
from chaos.trial import Trial

RECOVERY: Final = 10.0
"""Seconds within which 95 of 100 recoveries should be."""

_HEAD: Final = (
    "fault", "times", "acknowledged", "consumed", "lost", "twice", "recovery p50, p95 (s)", "without", "lost, twice"
)  # fmt: skip


class Line(NamedTuple):
    """A kind of fault, and the results of its trials."""

    name: str
    faults: int
    acknowledged: int
    consumed: int
    lost: int
    twice: int
    recoveries: Sequence[float]
    control: str
    control_lost: int
    control_twice: int
    errors: Sequence[str]

    @property
    def p95(self) -> float:
        """The 95th percentile of the recoveries; 0 if there are none."""
        return float(np.quantile(self.recoveries, 0.95)) if self.recoveries else 0.0

    @property
    def failures(self) -> Iterator[str]:
        """The failures of this kind."""
        if self.lost or self.twice:
            yield f"{self.name}: {self.lost:,} lost, {self.twice:,} counted twice"
        if self.faults and not (self.control_lost or self.control_twice):
            yield f"{self.name}: nobody has seen it fail {self.control}"
        yield from self.errors

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        recovery = f"{np.quantile(self.recoveries, 0.5):.1f}, {self.p95:.1f}" if self.recoveries else "-"
        return (
            self.name,
            f"{self.faults:,}",
            f"{self.acknowledged:,}",
            f"{self.consumed:,}",
            f"{self.lost:,}",
            f"{self.twice:,}",
            recovery,
            self.control,
            f"{self.control_lost:,}, {self.control_twice:,}",
        )


def lines(trials: Iterable[Trial]) -> list[Line]:
    """A line for each kind with trials."""
    of: dict[str, list[Trial]] = {}
    for trial in trials:
        of.setdefault(trial.plan.kind, []).append(trial)
    return [_line(name, of[name], _controls(name, of)) for name in kinds() if name in of]


def _controls(name: str, of: Mapping[str, Sequence[Trial]]) -> list[Trial]:
    """The controls of a kind, else those of another one without the same protection."""
    without = kinds()[name].control.without
    same = [name, *(other for other in of if kinds()[other].control.without == without)]
    return next((found for kind in same if (found := [trial for trial in of[kind] if trial.plan.control])), [])


def _line(name: str, trials: Sequence[Trial], controls: Sequence[Trial]) -> Line:
    real = [trial for trial in trials if not trial.plan.control and not trial.error]
    borrowed = controls and controls[0].plan.kind != name
    return Line(
        name,
        sum(trial.faults for trial in real),
        sum(trial.acknowledged for trial in real),
        sum(trial.consumed for trial in real),
        sum(trial.lost for trial in real),
        sum(trial.twice for trial in real),
        [seconds for trial in real for seconds in trial.recoveries],
        f"as {controls[0].plan.kind}" if borrowed else kinds()[name].control.what,
        sum(trial.lost for trial in controls),
        sum(trial.twice for trial in controls),
        # A control that ended with an error is repeated; what matters is that one of them fails.
        [f"{name}: {trial.error} (kept in {trial.kept})" for trial in trials if trial.error and not trial.plan.control],
    )


def table(result: Sequence[Line]) -> Iterator[str]:
    """The lines as Markdown, with their sum."""
    total = (
        "all",
        f"{sum(line.faults for line in result):,}",
        f"{sum(line.acknowledged for line in result):,}",
        f"{sum(line.consumed for line in result):,}",
        f"{sum(line.lost for line in result):,}",
        f"{sum(line.twice for line in result):,}",
        "",
        "",
        "",
    )
    rows = [_HEAD, *(line.cells for line in result), total]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for number, row in enumerate(rows):
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        if not number:
            yield "| " + " | ".join("-" * width for width in widths) + " |"


def failures(result: Sequence[Line]) -> list[str]:
    """The failures of all kinds."""
    return [failure for line in result for failure in line.failures]
