"""Campaign: the remaining trials, some of them run at a time."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final, NoReturn

from chaos.faults import kinds as fault_kinds
from chaos.ledger import Ledger
from chaos.trial import Plan, Trial, run

_MOST_CONTROLS: Final = 4
_MOST_ERRORS: Final = 3
"""Number of failed trials of a kind after which the kind is given up."""


@dataclass(frozen=True)
class Campaign:
    """Aim of a campaign.

    Parameters
    ----------
    kinds
        Of faults.
    faults
        Of each kind.
    at_once
        Faults of one trial.
    rate
        Rows a second.
    seed
        From which those of all trials are made.
    lanes
        Trials that are made at the same time.
    minutes
        After which no other trial begins; None for no limit.
    shared
        Whether one control is enough for all kinds that it is a control of.
    """

    kinds: Sequence[str]
    faults: int
    at_once: int
    rate: float
    seed: int
    lanes: int
    minutes: float | None = None
    shared: bool = False

    def run(self, ledger: Ledger) -> Iterator[Trial]:
        """Run the trials that the ledger lacks; each is written as soon as it is over."""
        ends = None if self.minutes is None else time.monotonic() + self.minutes * 60
        context = multiprocessing.get_context("spawn")  # a broker must be started from a main thread
        running: dict[Future[Trial], Plan] = {}
        with ProcessPoolExecutor(self.lanes, mp_context=context, initializer=_end_in_order) as pool, _ending():
            while True:
                done = ledger.trials()
                while len(running) < self.lanes and (ends is None or time.monotonic() < ends):
                    plan = self.next(done, list(running.values()))
                    if plan is None:
                        break
                    running[pool.submit(run, plan)] = plan
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    del running[future]
                    trial = future.result()
                    ledger.add(trial)
                    yield trial

    def next(self, done: Sequence[Trial], running: Sequence[Plan]) -> Plan | None:
        """The next trial: of the kind of which most faults are missing, or a control that has not failed yet."""
        missing = self._missing(done, running)
        for kind in missing:
            if missing[kind] < self.faults and (control := self._control(kind, done, running)):
                return control
        kind = max(missing, key=lambda name: missing[name], default="")
        if missing.get(kind, 0) <= 0:
            return None
        plans = [*(trial.plan for trial in done), *running]
        number = sum(plan.kind == kind and not plan.control for plan in plans)
        return Plan(kind, self._seed(kind, "", number), min(self.at_once, missing[kind]), self.rate)

    def _missing(self, done: Sequence[Trial], running: Sequence[Plan]) -> dict[str, int]:
        """Number of missing faults of each kind that is not given up."""
        missing: dict[str, int] = {}
        for kind in self.kinds:
            real = [trial for trial in done if trial.plan.kind == kind and not trial.plan.control]
            if sum(bool(trial.error) for trial in real) < _MOST_ERRORS:
                had = sum(trial.faults for trial in real if not trial.error)
                had += sum(plan.faults for plan in running if plan.kind == kind and not plan.control)
                missing[kind] = self.faults - had
        return missing

    def _control(self, kind: str, done: Sequence[Trial], running: Sequence[Plan]) -> Plan | None:
        """A control of a kind, unless one has failed, runs, or was tried often enough."""
        control = fault_kinds()[kind].control
        of = {kind}
        if self.shared:
            of |= {name for name, each in fault_kinds().items() if each.control.without == control.without}
        tried = [trial for trial in done if trial.plan.kind in of and trial.plan.control]
        if len(tried) >= _MOST_CONTROLS or any(trial.lost or trial.twice for trial in tried):
            return None
        if any(plan.kind in of and plan.control for plan in running):
            return None
        number = sum(trial.plan.kind == kind for trial in tried)
        return Plan(kind, self._seed(kind, "control", number), control.faults, self.rate, control=True)

    def _seed(self, kind: str, what: str, number: int) -> str:
        return f"{self.seed}/{kind}/{what}{number}"


def _end_in_order() -> None:
    """Let SIGTERM end a trial like an error: with all its processes and mounts."""
    signal.signal(signal.SIGTERM, _ended)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one handles it


def _ended(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - a signal handler's shape
    raise SystemExit(128 + number)


@contextmanager
def _ending() -> Iterator[None]:
    """End the running trials when this run is ended."""
    try:
        yield
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
