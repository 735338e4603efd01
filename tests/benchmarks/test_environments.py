from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.environments import LOCKS, Environments, Unavailable


def test_an_environment_is_made_once_and_anew_when_its_lock_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # as without a network
    environments = Environments(tmp_path, tmp_path / "made")
    lock = tmp_path / "peer.txt"
    lock.write_text("# nothing\n")
    (tmp_path / "script.py").write_text("import sys\nprint(sys.argv[1])\nraise SystemExit('no window here')\n")
    left = environments.python_of("peer").parent / "left"
    left.touch()
    with pytest.raises(Unavailable, match=r"^peer failed: no window here$"):
        environments.run("peer", "script.py", "one")
    assert left.exists()  # it was not made again

    lock.write_text(f"no-such-peer==1.0 --hash=sha256:{64 * '0'}\n")
    with pytest.raises(Unavailable) as raised:
        environments.python_of("peer")
    words = str(raised.value)
    assert words.startswith("peer cannot be installed for Python {}.{}: ERROR".format(*sys.version_info))
    assert "no-such-peer" in words
    assert "\n" not in words
    assert not left.exists()


@pytest.mark.parametrize("peer", sorted(path.stem for path in LOCKS.glob("*.in")))
def test_a_lock_names_all_that_its_peer_needs_with_hashes_and_no_index(peer: str) -> None:
    lock = (LOCKS / f"{peer}.txt").read_text()
    for package in (LOCKS / f"{peer}.in").read_text().split():
        assert f"\n{package}==" in lock
    assert lock.count("==") <= lock.count("--hash=sha256:")
    assert "://" not in lock
