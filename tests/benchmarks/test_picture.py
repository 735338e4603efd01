from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.measure import Comparison
from benchmarks.picture import draw


def compared(what: str, peer: str, theirs: float) -> Comparison:
    return Comparison(what, peer, (0.01, 0.02, 0.03), (theirs,) * 3, "speed", 1.0, "1,000 rows")


def test_ours_and_each_peer_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    draw([compared("count", "a", 0.5), compared("count", "b", 9.0), compared("alone", "a", 1.0)], path, "Python")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_works_with_a_single_peer_are_no_picture(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        draw([compared("count", "a", 0.5), compared("alone", "a", 1.0)], tmp_path / "picture.png", "Python")
