"""The engines that compute indicators: each an adapter from bars to columns. A new engine is one more of them."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Final, Protocol, TypeAlias

import numpy as np
import pandas as pd
import pytest
from msgspec import structs
from numpy.typing import NDArray

import stockstream
from stockstream import tables
from stockstream.alerts.evaluation.lane import bars_of
from stockstream.alerts.evaluation.program import Program
from stockstream.alerts.rule import Rule
from stockstream.indicators.catalog import AnyKind, catalog, of_bars
from stockstream.indicators.compose.together import column
from stockstream.records import Bar
from stockstream.topics import STOCKS
from stockstream.views.bar_batch import BarBatch
from stockstream.views.bars import Bars
from stockstream.views.fold import Selection
from stockstream.views.series import SeriesFold
from tests.site import Site
from tests.spark.tables import written
from tests.tables.lake import store_bars

Columns: TypeAlias = Mapping[str, NDArray[np.float64]]
"""A column for each field of an indicator, one value a bar, NaN where there is none."""

KINDS: Final[Mapping[str, AnyKind]] = {name: kind for name, kind in catalog().items() if of_bars(kind)}


class Engine(Protocol):
    """Computes indicators, at their default parameters, over the bars of one series.

    Those that read a topic find it as sources leave it: with corrections, forming and late bars.
    """

    def __init__(self, bars: Sequence[Bar], site: Site, folder: Path) -> None:
        """Take the bars, which the topic of ``site`` holds, too; ``folder`` is the engine's own."""

    def columns(self, name: str) -> Columns:
        """What an indicator gives."""


class Stream:
    """Bar by bar."""

    def __init__(self, bars: Sequence[Bar], site: Site, folder: Path) -> None:
        self._bars = bars

    def columns(self, name: str) -> Columns:
        indicator = KINDS[name]()
        points = [indicator.update(bar) for bar in self._bars]
        return {
            field: np.array([np.nan if point is None else _number(getattr(point, field)) for point in points])
            for field in indicator.fields
        }


class Batch:
    """All bars at once, as a DataFrame of our own making."""

    def __init__(self, bars: Sequence[Bar], site: Site, folder: Path) -> None:
        self._table = self._bars(bars, site)

    def _bars(self, bars: Sequence[Bar], site: Site) -> pd.DataFrame:
        names = ("time", "open", "high", "low", "close", "volume", "tz")
        return pd.DataFrame({name: [getattr(bar, name) for bar in bars] for name in names})

    def columns(self, name: str) -> Columns:
        points = KINDS[name]().batch(self._table)
        return {field: points[field].to_numpy() for field in KINDS[name].fields}


class Read(Batch):
    """All bars at once, as `stockstream.read` gives them."""

    def _bars(self, bars: Sequence[Bar], site: Site) -> pd.DataFrame:
        return stockstream.read("stocks", symbol=bars[0].symbol, bootstrap_servers=site.bootstrap_servers)


class Windows:
    """The frame that a window draws."""

    def __init__(self, bars: Sequence[Bar], site: Site, folder: Path) -> None:
        self._bars = bars

    def columns(self, name: str) -> Columns:
        fold = SeriesFold.of(KINDS[name])(Selection((self._bars[0].symbol,)), {})
        for start in range(0, len(self._bars), 37):
            fold.apply(self._bars[start : start + 37])
        frame = fold.frame(self._bars[0].symbol)
        return {field: np.asarray(frame[field]) for field in KINDS[name].fields}


class Values:
    """The table of ``watch chart --values``, one for all indicators."""

    def __init__(self, bars: Sequence[Bar], site: Site, folder: Path) -> None:
        out = folder / "values.csv"
        result = site.run("watch", "chart", bars[0].symbol, "--with", ",".join(KINDS), "--values", str(out), "--once")
        assert result.returncode == 0, result.stderr
        self._table = pd.read_csv(out)

    def columns(self, name: str) -> Columns:
        kind = KINDS[name]
        return {field: self._table[column(name, kind, field)].to_numpy(dtype=np.float64) for field in kind.fields}


class Sql:
    """The table macro of each indicator, over a durable table of the bars."""

    def __init__(self, bars: Sequence[Bar], site: Site, folder: Path) -> None:
        store_bars(folder, bars)
        self._symbol = bars[0].symbol
        self._connection = tables.connect(folder)

    def columns(self, name: str) -> Columns:
        found = self._connection.execute(f"FROM {name}(?) ORDER BY time", [self._symbol]).fetchnumpy()
        columns = {field: np.ma.asarray(found[field], dtype=np.float64) for field in KINDS[name].fields}
        return {field: values.filled(np.nan) for field, values in columns.items()}


class Spark:
    """The table of ``spark indicator``, one job for all indicators."""

    def __init__(self, bars: Sequence[Bar], site: Site, folder: Path) -> None:
        pytest.importorskip("pyspark")
        command = [
            sys.executable, "-m", "stockstream", "spark", "indicator", "--with", ",".join(KINDS), "--to", str(folder),
            "--master", "local[2]", "--partitions", "2", "--memory", "700m", "--max-rows", "300",
            "--trigger", "available-now",
        ]  # fmt: skip
        result = subprocess.run(command, env=site.env, capture_output=True, text=True, timeout=280, check=False)
        assert result.returncode == 0, result.stderr
        self._table = written(folder, "indicators").sort_values("time")

    def columns(self, name: str) -> Columns:
        kind = KINDS[name]
        return {field: self._table[column(name, kind, field)].to_numpy(dtype=np.float64) for field in kind.fields}


class Alerts:
    """The numbers of rules, bar by bar."""

    def __init__(self, bars: Sequence[Bar], site: Site, folder: Path) -> None:
        self._kept = Bars()
        self._kept.follow(BarBatch(bars))

    def columns(self, name: str) -> Columns:
        rules = [Rule.of(field, f"{name}.{field} > 0") for field in KINDS[name].fields]
        program = Program(rules, lambda time: time)
        nodes = {rule.name: program.node(rule.meaning.operands[0][1]) for rule in rules}
        found: dict[str, list[float]] = {field: [] for field in nodes}
        for row, doubts in bars_of(self._kept, 0, len(self._kept)):
            program.step(row, doubts)
            for field, node in nodes.items():
                found[field].append(_number(node.value))
        return {field: np.array(values) for field, values in found.items()}


ENGINES: Final[Mapping[str, type[Engine]]] = {
    "stream": Stream,
    "batch": Batch,
    "read": Read,
    "windows": Windows,
    "values": Values,
    "sql": Sql,
    "spark": Spark,
    "alerts": Alerts,
}


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def send(bars: Sequence[Bar], site: Site) -> None:
    """Put the bars into the topic of the site, as sources send them."""
    site.send(STOCKS, unsettled(bars))


def unsettled(bars: Sequence[Bar]) -> list[Bar]:
    """The bars with forming and wrong versions before some, which come late then, as others do without any."""
    dice = random.Random(len(bars))
    sent: list[tuple[float, Bar]] = []
    for place, each in enumerate(bars):
        kind = dice.random()
        if kind < 0.1:
            sent.append((place, structs.replace(each, close=each.low, final=False)))
        elif kind < 0.2:
            sent.append((place, structs.replace(each, close=each.high)))
        late = dice.randrange(1, 20) if 0.1 <= kind < 0.3 else 0
        sent.append((place + late + 0.5, each))
    return [each for _, each in sorted(sent, key=itemgetter(0))]
