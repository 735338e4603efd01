"""Study: the looks of an indicator, from which its window and its part of a chart are made."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import Any, Final

from stockstream.indicators.catalog import AnyKind, Parameter, describe, parameters_of
from stockstream.indicators.compose.together import column
from stockstream.records import Bar
from stockstream.topics import STOCKS
from stockstream.views.bar_batch import gather
from stockstream.views.fold import Selection
from stockstream.views.indicator_series import AnyIndicator
from stockstream.views.marks import Band, Candles, Line, Mark, Panel, Readout
from stockstream.views.series import SeriesFold
from stockstream.views.view import View

_OVER: Final = (2, 1, 4, 5, 6, 7)
"""Places in the palette for what lies over candles, whose own hues are left out."""


@dataclass(frozen=True)
class Study:
    """An indicator as it is drawn.

    Marks name its fields and the bars' columns. Those in ``over`` lie on the prices, where their colours are counted
    from 0 and chosen when it is known what else lies there; ``readouts`` are told with them. ``panels`` are its own.
    Its own window shows the prices above them unless ``prices`` is False, and ``beneath`` them other studies. A study
    without an indicator draws columns of the bars. ``heading`` is the title with the parameters, where those would not
    be understood behind it in brackets.
    """

    name: str
    title: str
    indicator: AnyKind | None
    over: tuple[Line | Band, ...] = ()
    readouts: tuple[Readout, ...] = ()
    panels: tuple[Panel, ...] = ()
    prices: bool = True
    beneath: tuple[Study, ...] = ()
    heading: str = ""

    @classmethod
    def plain(cls, kind: AnyKind) -> Study:
        """The study of an indicator of which nothing is said: one panel with a line for each field."""
        words = [name.replace("_", " ") for name in kind.fields]
        lines = tuple(
            Line(name, label=word if len(words) > 1 else None, color=number)
            for number, (name, word) in enumerate(zip(kind.fields, words, strict=True))
        )
        alone = tuple(map(Readout, kind.fields, words)) if len(words) == 1 else ()
        return cls(kind.name, kind.__name__, kind, panels=(Panel(lines, ylabel=kind.name, readouts=alone),))

    @property
    def parameters(self) -> tuple[Parameter[Any], ...]:
        """What can be set of the indicator."""
        return () if self.indicator is None else parameters_of(self.indicator)

    @property
    def reads_volume(self) -> bool:
        """Whether there is nothing to see of it without volumes."""
        return self.indicator is None or "volume" in self.indicator.inputs

    def view(self) -> View[Bar]:
        """Its own window. Raises ValueError for a study without an indicator."""
        if self.indicator is None:
            raise ValueError(f"{self.name} has no window of its own")
        numbers = [each for each in self.parameters if each.type is not str]
        indexes = ", ".join(f"{{{each.name}{':g' if each.type is float else ''}}}" for each in numbers)
        return View(
            name=self.name,
            help=describe(self.indicator).summary,
            topic=STOCKS,
            record=Bar,
            gather=gather,
            fold=SeriesFold.of(self.indicator),
            title=self.heading or (f"{self.title} ({indexes})" if indexes else self.title),
            panels=_panels([Part(self), *map(Part, self.beneath)], prices=self.prices, captions=False),
            parameters=self.parameters,
        )


@dataclass(frozen=True)
class Part:
    """A study in a chart: the values of its parameters, and a ``label`` that tells it from others of its kind.

    The label stands before the names of its columns, see `stockstream.indicators.compose.together.column`. In a window
    of its own it has none, and the columns have the names of the fields.
    """

    study: Study
    parameters: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""

    @property
    def values(self) -> str:
        """The parameters' values: `` (20, 2)``; of those that are no numbers only what is not the default."""
        defaults = {each.name: each.default for each in self.study.parameters}
        values = [
            f"{value:g}" if isinstance(value, float) else str(value)
            for name, value in self.parameters.items()
            if isinstance(value, int | float) or value != defaults[name]
        ]
        return f" ({', '.join(values)})" if values else ""

    @property
    def title(self) -> str:
        """The study's title with the parameters' values: ``Bollinger Bands (20, 2)``."""
        if self.study.heading:
            defaults = {each.name: each.default for each in self.study.parameters}
            return self.study.heading.format(**defaults | dict(self.parameters))
        return self.study.title + self.values

    def make(self) -> AnyIndicator:
        """The indicator. Raises ValueError, which names the study, where it refuses its parameters."""
        assert self.study.indicator is not None
        try:
            return self.study.indicator(**self.parameters)
        except ValueError as error:
            raise ValueError(f"{self.study.name}: {error}") from error

    def column(self, name: str) -> str:
        """What a field of the indicator, or a column of the bars, is called in the frame."""
        kind = self.study.indicator
        return column(self.label, kind, name) if self.label and kind is not None and name in kind.fields else name

    def mark(self, mark: Mark, **changes: Any) -> Mark:
        """A mark of the study, of the frame's columns."""
        for name in ("column", "lower", "upper"):
            if hasattr(mark, name):
                changes[name] = self.column(getattr(mark, name))
        return replace(mark, **changes)

    def read(self, readout: Readout, *, among: int = 1) -> Readout:
        """A readout of the study, of the frame's columns; with the parameters where it is one among several."""
        label = readout.label + self.values if among > 1 else readout.label
        return replace(readout, column=self.column(readout.column), label=label)


def chart(parts: Sequence[Part]) -> View[Bar]:
    """One window of several studies over the same bars.

    Raises ValueError where two parts are the same, or an indicator refuses its parameters.
    """
    parts = _labelled(parts)
    makers = {part.label: part.make for part in parts if part.study.indicator is not None}
    for make in makers.values():
        make()

    def fold(selection: Selection) -> SeriesFold:
        return SeriesFold(makers, selection)

    return View(
        name="chart",
        help="Candles with any indicators over and beneath them.",
        topic=STOCKS,
        record=Bar,
        gather=gather,
        fold=fold,
        title="chart",
        panels=_panels(parts, prices=True, captions=True),
    )


def _labelled(parts: Sequence[Part]) -> list[Part]:
    """The parts, each with a label of its own: the study's name, and its parameters where there are several of it."""
    kinds = Counter(part.study.name for part in parts)
    labelled = [
        replace(
            part, label=re.sub(r"\W+", "_", part.study.name + part.values * (kinds[part.study.name] > 1)).rstrip("_")
        )
        for part in parts
    ]
    (label, number), *_ = Counter(part.label for part in labelled).most_common(1) or [("", 1)]
    if number > 1:
        raise ValueError(f"{next(part.title for part in labelled if part.label == label)} is there twice")
    return labelled


def _panels(parts: Sequence[Part], *, prices: bool, captions: bool) -> tuple[Panel, ...]:
    """The panel of the prices with what lies over them, then the parts' own; with ``captions`` each says what it is."""
    panels = [_price_panel(parts, captions=captions)] if prices else []
    for part in parts:
        title = part.title if captions and part.study.indicator is not None else ""
        panels += [
            replace(
                panel,
                marks=tuple(part.mark(mark) for mark in panel.marks),
                ylabel="" if title else panel.ylabel,
                readouts=tuple(part.read(readout) for readout in panel.readouts),
                title=title,
                needs=(("", "volume"),) if part.study.reads_volume else (),
            )
            for panel in part.study.panels
        ]
    return tuple(panels)


def _price_panel(parts: Sequence[Part], *, captions: bool) -> Panel:
    kinds = Counter(part.study.name for part in parts)
    colors = chain(_OVER, count(max(_OVER) + 1))
    over = [part for part in parts if part.study.over]
    return Panel(
        (*(mark for part in over for mark in _over(part, colors, captions=captions)), Candles()),
        ylabel="price",
        height=3,
        readouts=tuple(part.read(each, among=kinds[part.study.name]) for part in over for each in part.study.readouts),
        needs=tuple((part.title, "volume") for part in over if part.study.reads_volume),
    )


def _over(part: Part, colors: Iterator[int], *, captions: bool) -> Iterator[Mark]:
    """A part's marks over the prices, each colour of the study being the next that is free.

    With ``captions`` the first mark of a colour is labelled with the part's title, and the others of it are not.
    """
    marks = part.study.over
    own = {index: next(colors) for index in dict.fromkeys(mark.color for mark in marks)}
    said: set[int] = set()
    for mark in marks:
        label = mark.label
        if captions:
            title = part.title if len(own) == 1 else f"{part.title} {mark.label}"
            label = None if mark.color in said else title
        said.add(mark.color)
        yield part.mark(mark, color=own[mark.color], label=label)
