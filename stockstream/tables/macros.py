"""A table macro for each indicator of bars: ``SELECT * FROM bollinger('AAPL', period := 20)``.

A macro calls a scalar function of ours, which reads the bars and computes over them: see `values_over`. No formula is
written here.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from threading import Event
from typing import Any, Final

import numpy as np
import pyarrow as pa

from stockstream.errors import SeriesError, StockstreamError
from stockstream.indicators import Resampler
from stockstream.indicators.catalog import AnyKind, AnyParameter, catalog, of_bars, parameters_of
from stockstream.periods import add_up
from stockstream.records import NUMBERS, Series
from stockstream.tables.indicator_values import Columns, values_over
from stockstream.tables.snapshot import Snapshot
from stockstream.tables.stored_bars import Wanted, series_in, stored_series

LOG: Final = logging.getLogger(__name__)

CHOICES: Final = ("interval", "feed", "resample", "opens", "calendar")
"""The parameters of every macro, behind those of its indicator: which series, and to what interval it is resampled.

Those that an indicator has itself, such as sessions, mean both.
"""

_SHARED: Final = ("opens", "calendar")
"""Those that an indicator may have itself."""

_MIDNIGHT: Final = "00:00"
_TYPES: Final = {"M": "TIMESTAMPTZ", "f": "DOUBLE", "b": "BOOLEAN"}
_ARROW: Final = {"M": pa.timestamp("us", "UTC"), "f": pa.float64(), "b": pa.bool_()}


class Macro:
    """The macro of an indicator, and the function that it calls.

    Parameters
    ----------
    kind
        The indicator.
    snapshot
        The table of bars.
    stop
        Ends the function between two series while it is set.

    Raises
    ------
    StockstreamError
        A parameter or a field of the indicator has the name of one of every macro, or two of them differ in case only.
    """

    def __init__(self, kind: AnyKind, snapshot: Snapshot, stop: Event) -> None:
        self.kind = kind
        self.name = kind.name
        self.function = f"_{kind.name}"
        self.parameters = parameters_of(kind)
        self._snapshot = snapshot
        self._stop = stop
        own = {each.name for each in self.parameters}
        self._choices = tuple(name for name in CHOICES if name not in own or name not in _SHARED)
        given = ("symbol", *(each.name for each in self.parameters), *self._choices)
        shown = (*Series._fields, "time", *NUMBERS, *kind.fields, "final", "doubtful")
        if (name := _repeated(given) or _repeated(shown)) is not None:
            raise StockstreamError(f"{name} is there already, as a name of every one")
        self.columns = {
            "time": "M",
            **dict.fromkeys((*NUMBERS, *kind.fields), "f"),
            "final": "b",
            "doubtful": "b",
        }

    @property
    def arguments(self) -> int:
        """Number of the function's arguments, all of them texts: a cast to a whole number would round."""
        return 1 + len(self.parameters) + len(self._choices)

    @property
    def returns(self) -> str:
        """The SQL type of what the function gives: the series, each with its rows."""
        row = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in self.columns.items())
        return f'STRUCT("symbol" VARCHAR, "interval" VARCHAR, "feed" VARCHAR, "rows" STRUCT({row})[])[]'

    @property
    def signature(self) -> str:
        """The macro as a user reads it: ``sma(symbol, period := 20, interval := NULL, ...)``."""
        return f"{self.name}(symbol, {', '.join(self._defaults())})"

    @property
    def short(self) -> str:
        """The macro with the parameters of its indicator: ``sma(symbol, period := 20)``."""
        own = (f", {each.name} := {_literal(each.default)}" for each in self.parameters)
        return f"{self.name}(symbol{''.join(own)})"

    def described(self) -> Iterator[str]:
        """Lines that say what its own parameters and its columns are."""
        for each in self.parameters:
            yield f"{each.name}: {each.help} [{each.default_text}]"
        yield f"columns: symbol, interval, feed, {', '.join(self.columns)}"

    def _defaults(self) -> Iterator[str]:
        for each in self.parameters:
            yield f"{each.name} := {_literal(each.default)}"
        for name in self._choices:
            yield f"{name} := NULL"

    @property
    def sql(self) -> str:
        """The statement that makes the macro."""
        names = ["symbol", *(each.name for each in self.parameters), *self._choices]
        given = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in names)
        defaults = ", ".join(['"symbol" := NULL', *(f'"{name}" := {value}' for name, value in self._quoted())])
        return (
            f'CREATE MACRO "{self.name}"({defaults}) AS TABLE SELECT one_series."symbol", one_series."interval", '
            f'one_series."feed", unnest(one_series."rows", recursive := true) '
            f'FROM (SELECT unnest("{self.function}"({given})) AS one_series)'
        )

    def _quoted(self) -> Iterator[tuple[str, str]]:
        for each in self._defaults():
            name, _, value = each.partition(" := ")
            yield name, value

    @property
    def __signature__(self) -> inspect.Signature:
        """As many arguments as the function has in SQL, which DuckDB compares."""
        kind = inspect.Parameter.POSITIONAL_ONLY
        return inspect.Signature([inspect.Parameter(f"_{place}", kind) for place in range(self.arguments)])

    def __call__(self, *columns: pa.ChunkedArray) -> pa.Array:
        """The function: for each row of arguments the series with their values. Raises `StockstreamError`."""
        found = [
            self._result([None if each is None else str(each) for each in row])
            for row in zip(*(column.to_pylist() for column in columns), strict=True)
        ]
        return _joined(found) if found else pa.array([], self._type)

    @property
    def _rows(self) -> pa.StructType:
        return pa.struct([(name, _ARROW[kind]) for name, kind in self.columns.items()])

    @property
    def _type(self) -> pa.ListType:
        series = [(name, pa.string()) for name in Series._fields]
        return pa.list_(pa.struct([*series, ("rows", pa.list_(self._rows))]))

    def _result(self, given: list[str | None]) -> pa.Array:
        symbol, *others = given
        chosen = dict(zip((*(each.name for each in self.parameters), *self._choices), others, strict=True))
        values = {
            each.name: _value(self.name, each, text)
            for each in self.parameters
            if (text := chosen[each.name]) is not None
        }
        computed = list(self._computed(Wanted(symbol, chosen["interval"], chosen["feed"]), values, chosen))
        lengths = [len(columns["time"]) for _, columns in computed]
        rows = pa.StructArray.from_arrays(
            [_joined([columns[name] for _, columns in computed]) for name in self.columns],
            fields=list(self._rows),
        )
        names = [pa.array([getattr(series, name) for series, _ in computed], pa.string()) for name in Series._fields]
        lists = pa.ListArray.from_arrays(pa.array(np.cumsum([0, *lengths]), pa.int32()), rows)
        series = pa.StructArray.from_arrays([*names, lists], fields=list(self._type.value_type))
        return pa.ListArray.from_arrays(pa.array([0, len(computed)], pa.int32()), series)

    def _computed(
        self, wanted: Wanted, values: Mapping[str, object], chosen: Mapping[str, str | None]
    ) -> Iterator[tuple[Series, Columns]]:
        """The wanted series with their columns."""
        make = partial(self.kind, **values)
        self.kind.require()
        try:
            make()
        except ValueError as error:
            raise StockstreamError(f"{self.name}: {error}") from error
        resample = chosen["resample"]
        there = []
        try:
            for each in stored_series(self._snapshot, wanted):
                self._end_if_stopped()
                there.append(each)
        except SeriesError as error:
            if resample is None and _is_made_of_finer(wanted, self._snapshot):
                hint = f"{error.hint}; resample := '{wanted.interval}' makes bars of {wanted.interval}"
                raise SeriesError(error.message, hint=hint) from error
            raise
        found = [bars for bars in there if resample is None or add_up(bars.series.interval, resample)]
        if not found:
            several = ", ".join(str(bars.series) for bars in there)
            raise SeriesError(f"bars of {several} do not add up to bars of {resample}")
        if wanted.symbol is not None and len(found) > 1:
            raise _ambiguity(wanted.symbol, [bars.series for bars in there])
        for bars in found:
            self._end_if_stopped()
            series = bars.series._replace(interval=resample or bars.series.interval)
            yield series, values_over(bars, make, _resampler(chosen))

    def _end_if_stopped(self) -> None:
        if self._stop.is_set():
            raise StockstreamError("cancelled")


def _is_made_of_finer(wanted: Wanted, snapshot: Snapshot) -> bool:
    """Whether the table has finer bars of the symbol that add up to those of the wanted interval."""
    with suppress(ValueError):  # no interval
        return wanted.interval is not None and any(
            series.symbol == wanted.symbol
            and wanted.feed in (None, series.feed)
            and add_up(series.interval, wanted.interval)
            for series in series_in(snapshot)
        )
    return False


def _joined(arrays: list[pa.Array]) -> pa.Array:
    return arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)  # which copies a single one, too


def _resampler(chosen: Mapping[str, str | None]) -> Resampler | None:
    if chosen["resample"] is None:
        return None
    try:
        return Resampler(chosen["resample"], opens=chosen["opens"] or _MIDNIGHT, calendar=chosen["calendar"])
    except ValueError as error:
        raise StockstreamError(str(error)) from error


def _ambiguity(symbol: str, several: list[Series]) -> SeriesError:
    options = ", ".join(f"interval := '{s.interval}', feed := '{s.feed}'" for s in several)
    return SeriesError(f"{symbol} stands for {len(several)} series", hint=f"choose one of: {options}")


def _value(name: str, parameter: AnyParameter, text: str) -> Any:
    """A parameter's value from its text in SQL. Raises `StockstreamError`."""
    if parameter.type is bool:
        if text in ("true", "false"):
            return text == "true"
        raise StockstreamError(f"{name}: {parameter.name} should be true or false, not {text}")
    try:
        return parameter.type(text)
    except ValueError:
        what = "a whole number" if parameter.type is int else "a number"
        raise StockstreamError(f"{name}: {parameter.name} should be {what}, not {text}") from None


def _literal(value: object) -> str:
    """A default as SQL writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value).lower() if isinstance(value, bool) else repr(value)


def _repeated(names: Sequence[str]) -> str | None:
    """A name that is there twice for SQL, which does not tell capitals from small letters; None if there is none.

    >>> _repeated(["symbol", "period", "Symbol"]), _repeated(["symbol"])
    ('Symbol', None)
    """
    return next((name for at, name in enumerate(names) if name.lower() in map(str.lower, names[:at])), None)


def macros(snapshot: Snapshot, stop: Event) -> list[Macro]:
    """The macros of all indicators of bars, by name. A plug-in whose names SQL cannot have gets none, and a warning."""
    found: dict[str, Macro] = {}
    for kind in sorted(filter(of_bars, catalog().values()), key=_of_plug_in):
        try:
            macro = Macro(kind, snapshot, stop)
            if _repeated([*found, macro.name]) is not None:
                raise StockstreamError("there is a function of this name already")
        except StockstreamError as error:
            LOG.warning("the indicator %s has no SQL: %s", kind.name, error)
        else:
            found[macro.name] = macro
    return [found[name] for name in sorted(found)]


def _of_plug_in(kind: AnyKind) -> bool:
    return not kind.__module__.startswith("stockstream.")
