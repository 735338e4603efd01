"""Checkpoint of a job: what it is of, and who writes with it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from stockstream.errors import StateError
from stockstream.spark.checkpoint import FILE, JobIdentity, claim_of
from stockstream.tables.location import Location
from stockstream.tables.objects import Objects

JOB = JobIdentity("indicator", "stocks", "abc", "/tables/indicators (delta)", {"keep": "50"})


def files(folder: Path) -> Objects:
    return Objects(Location.of(str(folder)), "checkpoint")


def begin(folder: Path) -> None:
    """A batch, as Spark notes it before it works on it."""
    files(folder).write("spark/offsets/0", b"v1")


def test_a_checkpoint_keeps_its_writer(tmp_path: Path) -> None:
    first = claim_of(files(tmp_path), JOB)
    assert not first.begun
    assert first.made_of == {"job": "indicator", "topic": "stocks", "topic id": "abc", "keep": "50"}
    begin(tmp_path)
    assert claim_of(files(tmp_path), JOB) == replace(first, begun=True)


@pytest.mark.parametrize("gone", ["", "spark", "spark/offsets"])
def test_a_checkpoint_whose_batches_were_removed_writes_under_another_id(gone: str, tmp_path: Path) -> None:
    first = claim_of(files(tmp_path), JOB)
    begin(tmp_path)
    shutil.rmtree(tmp_path / "checkpoint" / gone)
    second = claim_of(files(tmp_path), JOB)
    assert second.writer != first.writer
    assert not second.begun


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (structs.replace(JOB, topic_id="def"), "topic id was abc, is def"),
        (structs.replace(JOB, parameters={"keep": "60"}), "keep was 50, is 60"),
        (structs.replace(JOB, to="/other"), r"to was /tables/indicators \(delta\), is /other"),
    ],
)
def test_a_checkpoint_of_another_job_is_refused(other: JobIdentity, told: str, tmp_path: Path) -> None:
    claim_of(files(tmp_path), JOB)
    begin(tmp_path)
    with pytest.raises(StateError, match=f"is the checkpoint of another job: {told} - name another --to or --table"):
        claim_of(files(tmp_path), other)


def test_a_damaged_or_unknown_checkpoint_is_refused(tmp_path: Path) -> None:
    claim_of(files(tmp_path), JOB)
    begin(tmp_path)
    files(tmp_path).write(FILE, b"{")
    with pytest.raises(StateError, match="is damaged"):
        claim_of(files(tmp_path), JOB)
    files(tmp_path).remove(FILE)
    with pytest.raises(StateError, match=r"is the checkpoint of an unknown job: it lacks job/job.json"):
        claim_of(files(tmp_path), JOB)
