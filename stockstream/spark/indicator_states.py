"""States of the job ``indicator``: Spark's operator that takes the bars of many series, and keeps a state for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stockstream.periods import intraday
from stockstream.records import NUMBERS, Series
from stockstream.spark.bucket_states import BucketStates
from stockstream.spark.packing import bytes_of, table_of
from stockstream.spark.schema import REASON
from stockstream.spark.sent_bars import SentBars, SentSeries
from stockstream.spark.series_rows import Change, NamedIndicator, SeriesRows
from stockstream.spark.set_aside import TOO_LATE
from stockstream.tables.schema import DATE, INSTANT, OFFSET, PARTITION, SENT
from stockstream.views.bar_batch import BarBatch

if TYPE_CHECKING:
    from pyspark.sql.streaming import StatefulProcessorHandle

AGAIN: Final = "again"
"""Whether a row replaces one that was given before."""

_SERIES: Final = Series._fields
_PLACE: Final = (PARTITION, OFFSET, SENT)
_OUTDATED: Final = f"{TOO_LATE}older than all bars that are kept"


def frame_columns(indicators: Sequence[NamedIndicator]) -> tuple[str, ...]:
    """The columns of a window's frame that a row has."""
    values = (name for each in indicators for name in each.columns)
    return ("time", *NUMBERS, *values, "final", "doubtful")


def columns(indicators: Sequence[NamedIndicator]) -> pa.Schema:
    """The columns of the job's rows.

    Those of a table of indicators, then whether a row replaces another one, and the reason of a bar that is set aside.
    """
    kinds = {"time": INSTANT, "final": pa.bool_(), "doubtful": pa.bool_()}
    return pa.schema(
        [
            *(pa.field(name, pa.string()) for name in _SERIES),
            *(pa.field(name, kinds.get(name, pa.float64())) for name in frame_columns(indicators)),
            pa.field(DATE, pa.date32()),
            pa.field(PARTITION, pa.int32()),
            pa.field(OFFSET, pa.int64()),
            pa.field(SENT, INSTANT),
            pa.field(AGAIN, pa.bool_()),
            pa.field(REASON, pa.string()),
        ]
    )


class IndicatorProcessor:
    """Spark's stateful operator: takes the bars of a bucket's series, and keeps a state for each series.

    It has the methods of ``pyspark.sql.streaming.StatefulProcessor``, and loads no PySpark before it is used.

    Parameters
    ----------
    indicators
        The indicators.
    keep
        Newest bars of a series that can be corrected.
    """

    def __init__(self, indicators: tuple[NamedIndicator, ...], keep: int) -> None:
        self._indicators = indicators
        self._keep = keep

    def init(self, handle: StatefulProcessorHandle) -> None:
        """Open the states."""
        self._states = BucketStates(handle)
        self._makers = {each.label: each.make for each in self._indicators}
        self._names = frame_columns(self._indicators)
        self._schema = columns(self._indicators)

    def handleInputRows(  # noqa: N802 - Spark's own
        self,
        key: object,
        rows: Iterator[pd.DataFrame],
        timerValues: object,  # noqa: N803, ARG002
    ) -> Iterator[pd.DataFrame]:
        """Take the bars of a bucket; gives one row with what they change."""
        rows_of_all = pa.concat_tables([table_of(content) for frame in rows for content in frame["rows"]])
        unread = pc.is_valid(rows_of_all[REASON])
        bars = SentBars(rows_of_all.filter(pc.invert(unread)))
        taken = []
        if len(bars):
            self._states.open()
            taken = [(part, self._taken(part, batch)) for part, batch in bars]
            self._states.save()
        found = [self._set_aside(rows_of_all.filter(unread)), self._changed(bars, taken)]
        found += [rows for part, change in taken for rows in self._left_out(part, change, bars)]
        changed = pa.concat_tables(found)
        if len(changed):
            yield pd.DataFrame(
                {"bucket": np.array(key, np.int32), "rows": pd.Series([bytes_of(changed)], dtype=object)}
            )

    def close(self) -> None:
        """Nothing is open."""

    def _taken(self, part: SentSeries, batch: BarBatch) -> Change:
        """What the next bars of a series change."""
        series = part.series
        pages, saved = self._states.pages(series), self._states.get(series)
        state = SeriesRows(series, self._makers, self._names, self._keep, pages, saved)
        change = state.take(batch)
        self._states.put(series, state.saved())
        return change

    def _changed(self, bars: SentBars, taken: Sequence[tuple[SentSeries, Change]]) -> pa.Table:
        """The rows of all series that have changed."""
        if not taken:
            return self._schema.empty_table()
        counts = [len(change.again) for _, change in taken]
        of_series = np.repeat(np.arange(len(taken)), counts)
        found: dict[str, object] = {}
        for name, texts in zip(_SERIES, zip(*(part.series for part, _ in taken), strict=True), strict=True):
            found[name] = pa.array(texts, pa.string()).take(pa.array(of_series))
        for name in self._names:
            values = np.concatenate([change.columns[name] for _, change in taken])
            kind = self._schema.field(name).type
            found[name] = pa.array(values).cast(kind) if name == "time" else pa.array(values, kind, from_pandas=True)
        # The cause of a change is one of the series' bars, the last of them at the latest.
        causes = pa.array(np.array([part.end - 1 for part, _ in taken])[of_series])
        found |= {name: bars.rows[name].take(causes).combine_chunks() for name in _PLACE}
        days = [_days(part.series, change.columns["time"]) for part, change in taken]
        found[DATE] = pa.array(np.concatenate(days))
        found[AGAIN] = pa.array(np.concatenate([change.again for _, change in taken]))
        return self._filled(found, len(of_series))

    def _left_out(self, part: SentSeries, change: Change, bars: SentBars) -> Iterator[pa.Table]:
        """Bars of a series that are too late, and those that indicators refuse, each with the names of these."""
        if len(change.outdated):
            late = bars.rows.take(pa.array(part.start + change.outdated))
            yield self._set_aside(late, [_OUTDATED] * len(late))
        if change.refused:
            reasons: dict[int, list[str]] = {}
            for time, label in sorted(change.refused):
                reasons.setdefault(time, []).append(label)
            own = bars.rows.slice(part.start, part.end - part.start)
            times = pc.cast(own["time"], pa.int64()).to_numpy()
            places = {time: int(np.flatnonzero(times == time)[-1]) for time in reasons if (times == time).any()}
            rows = own.take(pa.array(list(places.values()), pa.int64()))
            yield self._set_aside(rows, [f"refused by {', '.join(reasons[time])}" for time in places])

    def _set_aside(self, rows: pa.Table, reasons: Sequence[str] | None = None) -> pa.Table:
        """Rows with a reason, with the columns of the job."""
        found = {name: rows[name] for name in self._schema.names if name in rows.column_names}
        if reasons is not None:
            found[REASON] = pa.array(reasons, pa.string())
        return self._filled(found, len(rows))

    def _filled(self, found: Mapping[str, object], count: int) -> pa.Table:
        return pa.table(
            [found[field.name] if field.name in found else pa.nulls(count, field.type) for field in self._schema],
            self._schema,
        )


def _days(series: Series, times: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """The partition of each row, as that of a bar is."""
    return times.astype("M8[D]" if intraday(series.interval) else "M8[Y]").astype("M8[D]")
