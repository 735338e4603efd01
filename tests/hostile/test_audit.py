"""The audit of the locks: a vulnerability fails it, and it says that it was skipped if its data are missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell runs it")


def audited(tmp_path: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run the audit with a stand-in for pip-audit; `$file` is the file that it is asked about."""
    standin = tmp_path / "pip-audit"
    standin.write_text(f"#!/bin/sh\nfor file; do :; done\n{script}\n")
    standin.chmod(0o755)
    env = {**os.environ, "PIP_AUDIT": str(standin)}
    command = ["sh", str(ROOT / "requirements" / "audit.sh")]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


KNOWN = 'case $file in */known.txt) echo "pyyaml 5.3 PYSEC-2020-96 5.3.1"; exit 1 ;; esac'


def test_every_lock_is_asked_about(tmp_path: Path) -> None:
    ended = audited(tmp_path, KNOWN)
    assert ended.returncode == 0
    locks = {f"requirements/{lock.name}: no known vulnerability" for lock in (ROOT / "requirements").glob("*.txt")}
    assert len(locks) > 3
    assert set(ended.stdout.splitlines()) == locks


def test_what_is_found_fails_it(tmp_path: Path) -> None:
    ended = audited(tmp_path, KNOWN + '\ncase $file in */dev.txt) echo "ruff 0.1 CVE-2099-1"; exit 1 ;; esac')
    assert ended.returncode == 1
    assert "requirements/dev.txt:\nruff 0.1 CVE-2099-1" in ended.stdout


@pytest.mark.parametrize("script", ["exit 0", "echo 'Dependency not found and could not be audited' >&2; exit 1"])
def test_without_data_it_says_that_it_was_skipped(script: str, tmp_path: Path) -> None:
    ended = audited(tmp_path, script)
    assert ended.returncode == 0
    assert ended.stdout == "audit skipped: the data on known vulnerabilities cannot be reached from here\n"


def test_the_locks_name_no_index() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "index-url" not in text, lock
        assert "://" not in text, lock
