"""A readout with a verdict is words; a mark above rows has its entry."""

from __future__ import annotations

import numpy as np
import pytest

from stockstream.present.legend import Legend
from stockstream.views.frame import Frame
from stockstream.views.marks import Dots, Panel, Readout, Verdict

WORDS = Verdict(0.05, "better (p = {})", "no better (p = {})")
PANEL = Panel((Dots("p", label="odd"),), ylabel="", readouts=(Readout("p", "p", ".2g", WORDS),))


@pytest.mark.parametrize(
    ("value", "words"), [(0.049, "better (p = 0.049)"), (0.05, "no better (p = 0.05)"), (np.nan, "p -")]
)
def test_a_known_value_is_said_in_words(value: float, words: str) -> None:
    frame = Frame("day", {"day": np.array(["2026-03-02"], "M8[D]"), "p": np.array([value])})
    legend = Legend(PANEL, first=False)
    readout = PANEL.readouts[0]
    assert legend._readout(readout, frame, 0, str) == words
    assert [entry.label for entry in legend.entries(frame, 0, str, (0.0, 1.0))] == ["odd"]
