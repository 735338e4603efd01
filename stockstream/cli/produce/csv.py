"""``stockstream produce csv``: stock bars from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import typer

from stockstream.cli import completion
from stockstream.cli.context import Context
from stockstream.cli.option_groups import grouped
from stockstream.cli.panels import CHOICE, READING
from stockstream.cli.produce.bar_options import IntervalOption, ZoneOption
from stockstream.cli.produce.run_options import ReplayOptions
from stockstream.cli.produce.sending import LIVE_LINGER_MS, REPLAY_LINGER_MS, Position, Refusals, send
from stockstream.cli.produce.stocks import Tally, checks_of, moment
from stockstream.cli.reporter import Reporter
from stockstream.cli.text import printable, table
from stockstream.cli.topic_changes import kept
from stockstream.errors import BadRow
from stockstream.names import cut
from stockstream.periods import intraday
from stockstream.producers.csv_files import CsvFile, find
from stockstream.producers.stock_csv import Overrides, StockFile, StockFiles, check_one_series, examine
from stockstream.producers.stock_csv.columns import FIELDS
from stockstream.producers.stock_csv.times import named_format
from stockstream.records import Bar
from stockstream.topics import STOCKS

LARGE: Final = 20_000_000
"""Size in bytes from which the examination of a file is announced."""

FIRST: Final = 3
"""Number of bars that a dry run shows of each file."""

_NAMES: Final = {"\t": "tab"}
_SEPARATORS: Final = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


def known_columns(text: str | None) -> str | None:
    """Check the columns of fields. Raises typer.BadParameter."""
    if text is not None:
        columns_of(text)
    return text


def columns_of(text: str) -> dict[str, str]:
    """Column of each field. Raises typer.BadParameter.

    >>> columns_of("close=Price,time=Date+Time")
    {'close': 'Price', 'time': 'Date+Time'}
    """
    chosen = {}
    for part in text.split(","):
        field, equals, column = part.partition("=")
        field = field.strip().lower().replace(" ", "_")
        if not equals or not column.strip():
            raise typer.BadParameter(f"{part.strip()!r} is nothing such as close=Price or close=5")
        if field not in FIELDS:
            raise typer.BadParameter(f"{field!r} is not one of {', '.join(FIELDS)}")
        chosen[field] = column.strip()
    return chosen


def known_times(name: str | None) -> str | None:
    """Check a format of times. Raises typer.BadParameter."""
    if name is not None:
        try:
            named_format(name)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    return name


def known_separator(text: str | None) -> str | None:
    """A separator, by name or as it is. Raises typer.BadParameter.

    >>> known_separator("tab"), known_separator(";")
    ('\\t', ';')
    """
    if text is None:
        return None
    separator = _SEPARATORS.get(text.lower(), text)
    if len(separator) != 1 or separator.isalnum() or separator in '"\r\n.':
        raise typer.BadParameter(f"{text!r} is not a single sign such as ; nor tab")
    return separator


def known_decimal(text: str | None) -> str | None:
    """Check a decimal mark. Raises typer.BadParameter."""
    if text not in (None, ".", ","):
        raise typer.BadParameter(f"{text!r} is neither . nor ,")
    return text


@grouped(run=ReplayOptions)
def csv(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="CSV files, folders of them, gzip or zip archives.")
    ],
    symbol: Annotated[
        str | None,
        typer.Option(
            "--symbol",
            metavar="SYMBOL",
            help="Symbol of the bars; for a file with a column of symbols, the one to send.",
            autocompletion=completion.symbols,
            rich_help_panel=CHOICE,
        ),
    ] = None,
    interval: IntervalOption = None,
    tz: ZoneOption = None,
    columns: Annotated[
        str | None,
        typer.Option(
            "--columns",
            metavar="FIELD=NAME,...",
            callback=known_columns,
            help=f"Column of each field, by name or number: close=Price,time=Date+Time. Fields: {', '.join(FIELDS)}.",
            rich_help_panel=READING,
        ),
    ] = None,
    date_format: Annotated[
        str | None,
        typer.Option(
            "--date-format",
            metavar="FORMAT",
            callback=known_times,
            help="D/M/Y, M/D/Y, Y/M/D, an epoch in s, ms, us or ns, or a pattern such as %d.%m.%Y.",
            autocompletion=completion.one_of("D/M/Y", "M/D/Y", "Y/M/D", "s", "ms", "us", "ns"),
            rich_help_panel=READING,
        ),
    ] = None,
    separator: Annotated[
        str | None,
        typer.Option(
            "--separator",
            metavar="SIGN",
            callback=known_separator,
            help="Separator of cells; tab for a tab.",
            autocompletion=completion.one_of(*_SEPARATORS),
            rich_help_panel=READING,
        ),
    ] = None,
    decimal: Annotated[
        str | None,
        typer.Option(
            "--decimal",
            metavar="SIGN",
            callback=known_decimal,
            help="The decimal mark: . or ,",
            autocompletion=completion.one_of(".", ","),
            rich_help_panel=READING,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show how the files are read, with their first bars; send nothing.",
            rich_help_panel=READING,
        ),
    ] = False,
    *,
    run: ReplayOptions,
) -> None:
    """Send stock bars from CSV files.

    The columns are recognised by the header and the content: files of Yahoo, yfinance, Nasdaq, Stooq, investing.com,
    Alpha Vantage, MetaTrader and spreadsheets, with columns in any order and any usual format of dates and numbers. A
    file that could be read in two ways is refused; the message names both readings and the option that selects one.
    --dry-run shows how a file is read.

    The symbol comes from a column or the file name, the interval from the name or the most common distance of the
    rows: AAPL_1m.csv is AAPL at 1m.

    A row without prices, or one that cannot be read or is cut off, is reported and kept on stocks.dlq; the others
    are sent. Of rows with the same time the last one counts. Sending a file again changes nothing.
    """
    context = Context.of(ctx)
    overrides = Overrides(
        symbol=symbol,
        interval=interval,
        zone=ZoneInfo(tz) if tz else None,
        columns=columns_of(columns) if columns else {},
        times=named_format(date_format) if date_format else None,
        separator=separator,
        decimal=decimal,
    )
    found, _ = find(files)
    chosen = [_examined(file, overrides, context.reporter) for file in found]
    check_one_series(chosen, symbol)
    _note_assumed(chosen, context.reporter)
    if dry_run:
        _show(chosen, context.reporter)
        return
    bars = StockFiles(chosen)
    tally = Tally()
    send(
        context,
        kept(STOCKS, run.retention),
        checks_of(context.settings).checked(chain.from_iterable(bars for _ in run.passes())),
        run=run,
        counted=tally.count,
        linger_ms=LIVE_LINGER_MS if run.paced else REPLAY_LINGER_MS,
        position=lambda: Position(bars.done, bars.total * run.loop or None),
    )
    tally.report(context.reporter)


def _examined(csv: CsvFile, overrides: Overrides, reporter: Reporter) -> StockFile:
    if csv.path.stat().st_size > LARGE:
        reporter.note(f"{csv.name}: examining")
    file = examine(csv, overrides)
    repeats = file.repeats
    for conflict in repeats.conflicts:
        time = moment(conflict.time, file.reader.interval)
        reporter.warn(
            f"{csv.name}, lines {conflict.former} and {conflict.later}: two rows of {conflict.symbol} at {time} with "
            f"different numbers; line {conflict.later} counts"
        )
    if repeats.differing > len(repeats.conflicts):
        more = repeats.differing - len(repeats.conflicts)
        reporter.warn(f"{csv.name}: {more:,} more such rows; the later one counts")
    return file


def _note_assumed(files: Sequence[StockFile], reporter: Reporter) -> None:
    assumed = [file.csv.name for file in files if file.assumed]
    if assumed:
        more = f" and {len(assumed) - 1:,} more" if len(assumed) > 1 else ""
        reporter.note(f"{assumed[0]}{more}: times without an offset are taken as UTC; --tz names another zone")


def _show(files: Sequence[StockFile], reporter: Reporter) -> None:
    """Show how files are read. Raises typer.Exit if no row of them gives a bar."""
    refusals = Refusals(reporter)
    shown, any_bar = [], False
    for file in files:
        first: list[Bar] = []
        for _, item in file.bars():
            if isinstance(item, BadRow):
                refusals.add(item)
            elif len(first) < FIRST:
                first.append(item)
        shown.append(described(file, first))
        any_bar |= bool(first)
    refusals.close(None)
    reporter.result("\n\n".join(shown))
    if not any_bar:
        raise typer.Exit(1)


def described(file: StockFile, first: Sequence[Bar]) -> str:
    """Description of how a file is read, with its first bars."""
    columns, schema = file.reader.rows.columns, file.schema
    repeated = len(file.repeats.superseded)
    lines = [
        ("encoding", schema.encoding.name),
        ("separator", _NAMES.get(schema.rows.dialect.separator, schema.rows.dialect.separator)),
        ("decimal mark", schema.numbers.decimal),
        ("header", f"line {schema.header.end}" if schema.header.end else "none"),
        ("time", _time(file)),
        ("symbol", _symbol(file)),
        ("interval", file.reader.interval),
        *(
            ("columns", _column_names(columns.names, indexes, name))
            for name, indexes in islice(columns.groups.items(), FIRST)
        ),
        ("passed over", ", ".join(name for name in columns.unused if name) or "nothing"),
        ("rows", f"{file.rows:,}" + (f", {repeated:,} of which are repeated and do not count" if repeated else "")),
    ]
    width = max(len(name) for name, _ in lines)
    details = "\n".join(f"  {name:<{width}}  {printable(value)}" for name, value in lines)
    return f"{file.csv.name}\n{details}\n\n{_table(first)}"


def _time(file: StockFile) -> str:
    columns, tz = file.reader.rows.columns, file.reader.tz
    names = [columns.names[columns.indexes[field]] for field in ("time", "clock") if field in columns.indexes]
    zone = (f"zone {_zone(tz)}" if tz else "in UTC") if intraday(file.reader.interval) else "the sessions' dates"
    return f"{' + '.join(names) or 'the first column'} ({file.schema.rows.times}, {zone})"


def _zone(tz: str) -> str:
    """Name of a zone; for a constant offset the offset, because such names have the opposite sign."""
    offset = tz.removeprefix("Etc/GMT")
    return tz if offset == tz else f"UTC{offset.translate(str.maketrans('+-', '-+'))}"


def _symbol(file: StockFile) -> str:
    columns = file.reader.rows.columns
    index = columns.indexes.get("symbol")
    if index is not None:
        return f"column {columns.names[index]}" + (f", only {file.only}" if file.only else "")
    symbols = [name for name in columns.groups if name]
    return f"{', '.join(symbols)} (the header)" if symbols else file.reader.symbol


def _column_names(names: Sequence[str], indexes: Mapping[str, int], symbol: str | None) -> str:
    return (f"{symbol}: " if symbol else "") + ", ".join(f"{field}={names[index]}" for field, index in indexes.items())


def _table(bars: Sequence[Bar]) -> str:
    header = ["SYMBOL", "TIME", "OPEN", "HIGH", "LOW", "CLOSE", "VOLUME"]
    rows = []
    for bar in bars:
        numbers = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        rows.append([cut(printable(bar.symbol)), moment(bar.time, bar.interval), *map(_number, numbers)])
    return table(header, rows, right=header[2:]) if rows else "no row gives a bar"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.10g}"
