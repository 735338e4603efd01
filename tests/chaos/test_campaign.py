"""A campaign runs the trials that its ledger lacks; the report lists failures."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest

from chaos.altered import ALTERATIONS
from chaos.campaign import Campaign
from chaos.faults import kinds
from chaos.ledger import Ledger
from chaos.report import failures, lines, table
from chaos.trial import Plan, Trial
from chaos.truth import Truth, compare, shown

KINDS = ("window-killed", "poison")


def campaign(**changes: object) -> Campaign:
    return Campaign(**{"kinds": KINDS, "faults": 20, "at_once": 8, "rate": 100.0, "seed": 1, "lanes": 2, **changes})  # type: ignore[arg-type]


def made(plan: Plan, **changes: object) -> Trial:
    result: dict[str, object] = {"faults": plan.faults, "acknowledged": 10, "consumed": 10, "recoveries": [1.0, 3.0]}
    if plan.control:
        result |= {"lost": 2, "consumed": 8, "recoveries": []}
    return Trial(plan, **{**result, **changes})  # type: ignore[arg-type]


def all_of(campaign: Campaign, done: list[Trial]) -> list[Trial]:
    while (plan := campaign.next(done, [])) is not None:
        done.append(made(plan))
    return done


def test_every_kind_says_what_it_is_and_has_a_control() -> None:
    assert len(kinds()) >= 20
    for name, kind in kinds().items():
        assert name == kind.name
        assert kind.about
        named = {*kind.control.without.split(","), *kind.setup.producer, *kind.setup.window}
        assert named <= set(ALTERATIONS)


def test_what_is_altered_is_there() -> None:
    for alter in ALTERATIONS.values():
        try:
            alter()
        finally:
            patch.stopall()


def test_a_campaign_continues_until_each_kind_has_its_faults_and_a_control_that_failed() -> None:
    done = all_of(campaign(), [])
    for kind in KINDS:
        assert sum(trial.faults for trial in done if trial.plan.kind == kind and not trial.plan.control) == 20
        assert sum(trial.plan.control for trial in done if trial.plan.kind == kind) == 1
    assert len({trial.plan.seed for trial in done}) == len(done)


def test_a_campaign_continues_where_the_ledger_ends(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "chaos")
    whole = all_of(campaign(), [])
    for trial in whole[:3]:
        ledger.add(trial)
    with ledger.path.open("ab") as file:
        file.write(b'{"plan":{"kind":"poi')  # killed while it wrote
    assert ledger.trials() == whole[:3]
    assert all_of(campaign(), ledger.trials()) == whole


def test_a_control_that_does_not_fail_is_tried_again_some_times() -> None:
    done: list[Trial] = []
    while (plan := campaign(kinds=KINDS[:1]).next(done, [])) is not None:
        done.append(made(plan, lost=0, consumed=10))
    assert sum(trial.plan.control for trial in done) == 4
    assert failures(lines(done)) == [f"window-killed: nobody has seen it fail {kinds()['window-killed'].control.what}"]


def test_kinds_without_the_same_protection_can_share_a_control() -> None:
    both = ("broker-killed", "connections-hang")
    done = all_of(campaign(kinds=both, faults=1, shared=True), [])
    assert [trial.plan.kind for trial in done if trial.plan.control] == ["broker-killed"]
    own, borrowed = lines(done)
    assert failures([own, borrowed]) == []
    assert borrowed.control == "as broker-killed"
    assert len([trial for trial in all_of(campaign(kinds=both, faults=1), []) if trial.plan.control]) == 2


def test_a_kind_that_cannot_be_brought_to_its_end_is_given_up() -> None:
    done: list[Trial] = []
    while (plan := campaign(kinds=KINDS[:1]).next(done, [])) is not None:
        done.append(made(plan, faults=0, error="BrokerError: no"))
    assert len(done) == 3


def test_what_runs_is_not_begun_twice() -> None:
    first = campaign().next([], [])
    assert first is not None
    second = campaign().next([], [first])
    assert second is not None
    assert second.kind != first.kind or second.control


def test_the_table_adds_up_and_failures_are_reported() -> None:
    done = all_of(campaign(), [])
    result = lines(done)
    assert failures(result) == []
    rows = list(table(result))
    assert len({len(row) for row in rows}) == 1
    assert "| 40 " in rows[-1]
    assert any("1.0, 3.0" in row or "2.0, 3.0" in row for row in rows)
    plan = Plan("poison", "s", 1, 1.0)
    worse = lines([*done, made(plan, lost=1, twice=2), made(plan, error="x", kept="y")])
    assert worse[0].faults == result[0].faults + 1, "a trial that was not brought to its end does not count"
    assert failures(worse) == ["poison: 1 lost, 2 counted twice", "poison: x (kept in y)"]


def test_the_truth_is_what_a_file_says(tmp_path: Path) -> None:
    file = tmp_path / "flights.csv"
    file.write_text("YEAR,MONTH,DAY,DAY_OF_WEEK,AIRLINE,X\n2015,1,2,5,AA,1\r\n2015,1,2,5,AA,1\n2015,11,30,1,DL,1\n")
    truth = Truth(file)
    assert len(truth) == 3
    assert truth.counts(3) == {("2015-01-02", "AA"): 2, ("2015-11-30", "DL"): 1}
    values = tmp_path / "values.csv"
    assert not shown(values)
    values.write_text("day,airline,flights\n2015-01-02,AA,3\n")
    assert compare(truth.counts(3), shown(values)) == (1, 1)


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_a_kind_is_there_or_says_why_not(kind: str) -> None:
    assert isinstance(kinds()[kind].unavailable(), str)
