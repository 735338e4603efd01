"""Study: the declaration of how an indicator is drawn, in its own window and in charts.

A fold is imported when it is made, because it needs NumPy, and `watch --help`, which lists the windows, does not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import TYPE_CHECKING, Any, Final, TypeVar

from stockstream.indicators.catalog import AnyKind, AnyParameter, describe, parameters_of
from stockstream.indicators.compose.together import column
from stockstream.records import Bar
from stockstream.topics import STOCKS
from stockstream.views.fold import AnyFold, FoldMaker, Parameters, Selection
from stockstream.views.marks import Band, Candles, Dots, Line, Mark, Panel, Readout
from stockstream.views.view import View

if TYPE_CHECKING:
    from stockstream.indicators.base import AnyIndicator
    from stockstream.views.bar_batch import BarBatch
    from stockstream.views.series import SeriesFold

M = TypeVar("M", bound=Mark)

_OVER: Final = (2, 1, 4, 5, 6, 7)
"""Palette indexes for marks over candles, without the colours of the candles."""


@dataclass(frozen=True)
class Study:
    """How an indicator is drawn.

    Marks name fields of the indicator and columns of the bars. Marks in ``over`` are drawn over the prices; their
    colours are counted from 0, and assigned when all marks there are known; ``readouts`` are shown with them.
    ``panels`` are separate panels. The indicator's own window shows the prices above them, unless ``prices`` is False,
    and the studies in ``beneath`` below them. A study without an indicator draws columns of the bars. ``heading`` is
    the title with parameters, if they would not be understood in brackets after the title.
    """

    name: str
    title: str
    indicator: AnyKind | None
    over: tuple[Line | Band | Dots, ...] = ()
    readouts: tuple[Readout, ...] = ()
    panels: tuple[Panel, ...] = ()
    prices: bool = True
    beneath: tuple[Study, ...] = ()
    heading: str = ""

    @classmethod
    def plain(cls, kind: AnyKind) -> Study:
        """The default study of an indicator: one panel with a line for each field."""
        words = [name.replace("_", " ") for name in kind.fields]
        lines = tuple(
            Line(name, label=word if len(words) > 1 else None, color=number)
            for number, (name, word) in enumerate(zip(kind.fields, words, strict=True))
        )
        alone = tuple(map(Readout, kind.fields, words)) if len(words) == 1 else ()
        return cls(kind.name, kind.__name__, kind, panels=(Panel(lines, ylabel=kind.name, readouts=alone),))

    @property
    def parameters(self) -> tuple[AnyParameter, ...]:
        """The parameters of the indicator."""
        return () if self.indicator is None else parameters_of(self.indicator)

    @property
    def reads_volume(self) -> bool:
        """Whether it needs volumes."""
        return self.indicator is None or "volume" in self.indicator.inputs

    def view(self) -> View[Bar]:
        """The view of its own window. Raises ValueError for a study without an indicator."""
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
            fold=_fold_of(self.indicator),
            title=self.heading or (f"{self.title} ({indexes})" if indexes else self.title),
            panels=_panels([Part(self), *map(Part, self.beneath)], prices=self.prices, captions=False),
            parameters=self.parameters,
        )


@dataclass(frozen=True)
class Part:
    """A study in a chart: the values of its parameters, and a ``label`` that identifies it among others.

    The label is the prefix of its column names, see `stockstream.indicators.compose.together.column`. In its own window
    a study has no label, and columns have the names of the fields.
    """

    study: Study
    parameters: Parameters = field(default_factory=dict)
    label: str = ""

    @property
    def values(self) -> str:
        """The values of the parameters: `` (20, 2)``; other than numbers only if they are not the default."""
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
        """Make the indicator. Raises ValueError with the name of the study for invalid parameters."""
        assert self.study.indicator is not None
        try:
            return self.study.indicator(**self.parameters)
        except ValueError as error:
            raise ValueError(f"{self.study.name}: {error}") from error

    def column(self, name: str) -> str:
        """Name of a field of the indicator, or of a column of the bars, in the frame."""
        kind = self.study.indicator
        return column(self.label, kind, name) if self.label and kind is not None and name in kind.fields else name

    def mark(self, mark: M) -> M:
        """A mark of the study, with the column names of the frame."""
        names = [name for name in ("column", "lower", "upper") if hasattr(mark, name)]
        columns: dict[str, Any] = {name: self.column(getattr(mark, name)) for name in names}
        return replace(mark, **columns)

    def read(self, readout: Readout, *, among: int = 1) -> Readout:
        """A readout of the study, with the column names of the frame; with parameters if there are several."""
        label = readout.label + self.values if among > 1 else readout.label
        return replace(readout, column=self.column(readout.column), label=label)


def chart(parts: Sequence[Part]) -> View[Bar]:
    """The view of several studies over the same bars.

    Raises ValueError for equal parts, and for invalid parameters.
    """
    parts = labelled(parts)
    makers = {part.label: part.make for part in parts if part.study.indicator is not None}
    for make in makers.values():
        make()

    def fold(selection: Selection, _: Parameters) -> SeriesFold:
        from stockstream.views.series import SeriesFold

        return SeriesFold(makers, selection)

    return View(
        name="chart",
        help="Candles with any indicators over and below them.",
        topic=STOCKS,
        record=Bar,
        gather=gather,
        fold=fold,
        title="chart",
        panels=_panels(parts, prices=True, captions=True),
    )


def gather(bars: Sequence[Bar]) -> list[BarBatch]:
    """As `stockstream.views.bar_batch.gather`."""
    from stockstream.views.bar_batch import gather

    return gather(bars)


def _fold_of(indicator: AnyKind) -> FoldMaker[Any]:
    """As `stockstream.views.series.SeriesFold.of`."""

    def make(selection: Selection, parameters: Parameters) -> AnyFold:
        from stockstream.views.series import SeriesFold

        return SeriesFold.of(indicator)(selection, parameters)

    return make


def labelled(parts: Sequence[Part]) -> list[Part]:
    """The parts with unique labels: the study's name, with parameters if there are several of it."""
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
    """The panel of prices with the marks over them, then the panels of the parts; ``captions`` adds titles."""
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
    """The marks of a part over the prices; each colour of the study becomes the next free one.

    With ``captions`` the first mark of a colour is labelled with the title of the part, the others have no label.
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
        yield replace(part.mark(mark), color=own[mark.color], label=label)
