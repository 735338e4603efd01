"""Trial: a producer and a window at work, some faults of one kind, and a count of the records."""

from __future__ import annotations

import logging
import shutil
import tempfile
import time
import traceback
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from chaos.faults import kinds
from chaos.stage import Stage
from chaos.truth import compare

_CALM: Final = (0.3, 1.5)
"""Seconds between a recovery and the next fault."""

_PATIENCE: Final = 30.0
_PATIENCE_OF_CONTROL: Final = 5.0
"""Seconds without a change after which no more records are waited for."""

_EXCUSED: Final = 2.0
"""Seconds of work between two faults of a control, whose recovery is not measured."""


class Plan(msgspec.Struct, frozen=True):
    """Plan of a trial; the same plan causes the same faults at the same records."""

    kind: str
    seed: str
    faults: int
    rate: float
    control: bool = False


class Trial(msgspec.Struct):
    """Result of a trial.

    ``acknowledged`` are the records that the producer reported as such; ``consumed`` those of them that the window
    shows. ``recoveries`` are in seconds, one for each fault from which there was something to recover. ``error`` is
    empty unless the trial could not be brought to its end.
    """

    plan: Plan
    faults: int = 0
    acknowledged: int = 0
    consumed: int = 0
    lost: int = 0
    twice: int = 0
    recoveries: list[float] = []
    seconds: float = 0.0
    began: float = 0.0
    error: str = ""
    kept: str = ""

    @property
    def exact(self) -> bool:
        """Whether nothing was lost and nothing counted twice."""
        return not (self.lost or self.twice or self.error)


def run(plan: Plan) -> Trial:
    """Run the trial. Any error is part of the result; the files of its processes are then kept."""
    logging.getLogger().addHandler(logging.NullHandler())  # clients that lose their broker are expected here
    folder = Path(tempfile.mkdtemp(prefix="stockstream-chaos-"))
    trial = Trial(plan, began=time.time())
    began = time.monotonic()
    try:
        _break(plan, folder, trial)
    except Exception as error:  # noqa: BLE001 - a trial that fails must not end the others
        trial.error = f"{type(error).__name__}: {error}"
        (folder / "error.txt").write_text(traceback.format_exc(), "utf-8")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    trial.seconds = round(time.monotonic() - began, 1)
    if trial.error or (not plan.control and not trial.exact):
        trial.kept = str(folder)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return trial


def _break(plan: Plan, folder: Path, trial: Trial) -> None:
    kind = kinds()[plan.kind]
    without = kind.control.without.split(",") if plan.control else ()
    random = Random(plan.seed)
    with Stage(folder, kind.setup, random, faults=plan.faults, rate=plan.rate, without=without) as stage:
        for _ in range(plan.faults):
            time.sleep(random.uniform(*_CALM))
            kind.strike(stage)
            trial.faults += 1
            if plan.control:
                time.sleep(_EXCUSED)
            elif kind.recovers:
                trial.recoveries.append(round(stage.recovery(), 2))
        rows = stage.close_producer()
        beside, difference = kind.beside(stage)
        expected = stage.truth.counts(rows)
        counted = stage.close_window(expected, _PATIENCE_OF_CONTROL if plan.control else _PATIENCE)
        own = compare(expected, counted)
        trial.acknowledged = rows + beside
        trial.lost, trial.twice = own.lost + difference.lost, own.twice + difference.twice
        trial.consumed = trial.acknowledged - trial.lost
