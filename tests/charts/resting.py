"""A window's description of the row under a resting mouse, against the painted geometry."""

from __future__ import annotations

import re

import numpy as np

from stockstream.charts.scene.scene import Scene


def disagreements(scene: Scene) -> list[str]:
    """What readout, legend and tags say otherwise than the frame's row under the mouse; nothing where all is right."""
    mouse, axes, frame = scene._crosshair._mouse, scene.panels[0].axes, scene.plot_data.frame
    assert mouse is not None
    wrong: list[str] = []
    row = int(np.floor(axes.transData.inverted().transform((mouse[0], 0.0))[0] + 0.5))
    panel = scene.panels[0]
    readout = str(panel.caption.readout.artist.get_text())
    pointed = 0 <= row < len(frame) and bool(axes.bbox.contains(*mouse))
    result = row if pointed else len(frame) - 1
    if not readout.startswith(scene.plot_data.moment(result)):
        wrong.append(f"row {result} is {scene.plot_data.moment(result)}, the readout says {readout}")
    close, said = float(frame["close"][result]), re.search(r" C (\S+)", readout)
    fine = 0.51 * 10.0 ** -len(said[1].partition(".")[2]) if said is not None else 0.0
    if said is not None and abs(float(said[1].replace(",", "")) - close) > fine:
        wrong.append(f"the close of row {result} is {close}, the readout says {readout}")
    middle = [str(label.artist.get_text()) for label in panel.caption.labels][1]
    if middle != f"middle: {panel.format_value(float(frame['middle'][result]))}":
        wrong.append(f"row {result}: {panel.format_value(float(frame['middle'][result]))}, the legend says {middle}")
    if pointed:
        tags = scene._crosshair._time._words.get_text(), scene._crosshair._value._words.get_text()
        value = float(axes.transData.inverted().transform((0.0, np.floor(mouse[1]) - 0.5))[1])
        right = scene.plot_data.moment(row, named=False), panel.format_value(value)
        if tags != right:
            wrong.append(f"tags say {tags}, right is {right}")
    return wrong
