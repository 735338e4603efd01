"""``stockstream models evaluate``: how good the predictions of a model were, walking forward through the bars."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Annotated, cast

import typer

from stockstream.cli import checked, completion, outputs
from stockstream.cli.context import Context
from stockstream.cli.outputs import ForceOption, JsonOption
from stockstream.cli.panels import FILES, ROWS
from stockstream.cli.produce.bar_options import history_option
from stockstream.cli.text import printable, table
from stockstream.cli.watch.options import FeedOption, IntervalOption
from stockstream.errors import SeriesError
from stockstream.names import cut, unknown
from stockstream.producers.history_spans import beginning
from stockstream.topics import STOCKS

if TYPE_CHECKING:
    import numpy as np

    from stockstream.models import Predictor
    from stockstream.models.evaluation import Evaluation, Period
    from stockstream.records import Bar
    from stockstream.views.series import SeriesFold
    from stockstream.views.study import Part

_PATIENCE = 10.0


def evaluate(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A model that predicts, with parameters: direction:ahead=5.")
    ],
    symbol: Annotated[
        str | None, typer.Argument(metavar="SYMBOL", help="Its bars.", autocompletion=completion.symbols)
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Bars of this file, in place of the topic's.")
    ] = None,
    interval: IntervalOption = None,
    feed: FeedOption = None,
    resample: Annotated[
        str | None,
        typer.Option(
            "--resample",
            callback=checked.longer_interval,
            metavar="5m|1h|1d|...",
            help="Evaluate over bars of this interval, made of shorter ones.",
            rich_help_panel=ROWS,
        ),
    ] = None,
    history: Annotated[str | None, history_option(ROWS)] = None,
    cost: Annotated[
        float, typer.Option("--cost", metavar="FRACTION", min=0.0, max=0.5, help="Cost of a trade, of its value.")
    ] = 0.0005,
    short: Annotated[bool, typer.Option("--short", help="Sell short where it says down; else hold nothing.")] = False,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.png", help="Also draw the evaluation.", rich_help_panel=FILES),
    ] = None,
    as_json: JsonOption = False,
    force: ForceOption = False,
) -> None:
    """Evaluate the predictions of a model: by year, against a coin, always up and persistence; or its intervals.

    The model walks through the bars and predicts at each of them, having learned only outcomes known by then. Scored
    are predictions after its warm-up that share no bar; those due in another year than they were made in are in no
    year. The equity is that of buying where it says up, at the close that it was predicted from, after costs, against
    buying once and holding. --history limits what is scored; older bars only train it.

    Of forecast, trend and outlier it is counted how often what came was inside of the interval that was stated before.
    """
    context = Context.of(ctx)
    outputs.check(plot, outputs.PICTURE, "--plot", force=force)
    _check_file(csv)
    part = _part(context, name)
    _check_trading(ctx, part)
    if (symbol is None) == (csv is None):
        raise typer.BadParameter("name the symbol of the topic's bars, or a file by --csv", param_hint="SYMBOL")
    fold = _fold(part, (symbol or "",), interval, feed, resample, context, csv)
    key = fold.keys()[0]
    identity = fold.identity(key)
    if identity.ambiguity is not None:
        raise identity.ambiguity
    title = f"{name} over {identity.title}{', SIMULATED' if identity.simulated else ''}"
    since = _since(history, fold)
    if not _predicts(part):
        from stockstream.cli import coverage

        intervals = coverage.found(fold, key, part, since)
        context.reporter.result(coverage.record(title, intervals) if as_json else coverage.text(title, intervals))
        if plot is not None:
            from stockstream.charts.coverage import draw as draw_coverage

            draw_coverage(plot, title, intervals, simulated=identity.simulated)
            context.reporter.note(f"wrote {plot}")
        return
    found = _evaluation(fold, key, part, since, cost, short=short)
    context.reporter.result(json.dumps(_record(title, found), indent=2) if as_json else _text(title, found))
    if plot is not None:
        from stockstream.charts.evaluation import draw

        draw(plot, title, found, simulated=identity.simulated)
        context.reporter.note(f"wrote {plot}")


def _check_file(path: Path | None) -> None:
    """Raise typer.BadParameter for what is not a file, or is in a folder that may not be entered."""
    if path is None:
        return
    try:
        is_file = S_ISREG(path.stat().st_mode)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise typer.BadParameter(f"{cut(str(path))}: {reason}", param_hint="--csv") from None
    if not is_file:
        raise typer.BadParameter(f"{cut(str(path))} is not a file", param_hint="--csv")


def _part(context: Context, name: str) -> Part:
    """The model with its parameters. Raises typer.BadParameter for one that does not exist or predicts nothing."""
    from stockstream.consumers.chart import parts
    from stockstream.consumers.registry import STUDIES
    from stockstream.consumers.view_settings import study_parameter
    from stockstream.models import Model, Predictor
    from stockstream.models.coverage import states_intervals

    kinds = {each.name: each.indicator for each in STUDIES.values()}
    models = sorted(
        each for each, kind in kinds.items() if kind and (issubclass(kind, Predictor) or states_intervals(kind))
    )
    if name.partition(":")[0].lower().replace("-", "_") not in models:
        raise typer.BadParameter(unknown("model", printable(name), models), param_hint="NAME")
    try:
        found = parts([name], partial(study_parameter, context.settings))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from error
    if len(found) > 1:
        raise typer.BadParameter("is one model", param_hint="NAME")
    kind = found[0].study.indicator
    if kind is not None and issubclass(kind, Model):
        kind.require()
    try:
        found[0].make()
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from error
    return found[0]


def _predicts(part: Part) -> bool:
    from stockstream.models import Predictor

    return isinstance(part.make(), Predictor)


def _check_trading(ctx: typer.Context, part: Part) -> None:
    """Raise typer.BadParameter where it is said how to trade on what says no direction."""
    if _predicts(part):
        return
    for option in ("cost", "short"):
        source = ctx.get_parameter_source(option)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter("needs a model that predicts a direction", param_hint=f"--{option}")


def _fold(
    part: Part,
    keys: tuple[str, ...],
    interval: str | None,
    feed: str | None,
    resample: str | None,
    context: Context,
    csv: Path | None,
) -> SeriesFold:
    """The bars of one symbol, with the model's points. Raises SeriesError without bars."""
    from stockstream.views.fold import Selection
    from stockstream.views.series import SeriesFold

    selection = Selection(() if csv else keys, interval, feed, resample=resample)
    fold = SeriesFold({"": part.make}, selection)
    for bars in _of_file(csv) if csv is not None else _of_topic(context):
        fold.apply(bars)
    known = fold.keys()
    if not known:
        where = str(csv) if csv is not None else f"the topic {STOCKS.name}"
        raise SeriesError(f"{where} holds no such bars{'' if csv else f' of {keys[0]}'}")
    if len(known) > 1:
        raise SeriesError(f"{csv} holds bars of {len(known)} symbols", hint="evaluate takes a file of one")
    return fold


def _of_topic(context: Context) -> Iterator[Sequence[Bar]]:
    from stockstream.cli.series import everything
    from stockstream.kafka.admin import Admin
    from stockstream.kafka.waiting import no_topic

    connection = context.settings.connection("consumer")
    if STOCKS.name not in Admin(connection, timeout=_PATIENCE).names():
        raise no_topic(STOCKS.name, connection)
    yield from everything(connection)


def _of_file(path: Path) -> Iterator[Sequence[Bar]]:
    from stockstream.producers.csv_files import find
    from stockstream.producers.stock_csv import Overrides, StockFiles, examine
    from stockstream.records import Bar

    files, _ = find([path])
    yield [each for each in StockFiles([examine(file, Overrides()) for file in files]) if isinstance(each, Bar)]


def _since(history: str | None, fold: SeriesFold) -> datetime | None:
    """When the history begins that is scored: counted back from the newest bar."""
    newest = fold.latest()
    if history is None or newest is None:
        return None
    seconds = newest.astype("M8[s]").astype("i8")
    return beginning(history, datetime.fromtimestamp(int(seconds), UTC), weekends=False)


def _evaluation(
    fold: SeriesFold, key: str, part: Part, since: datetime | None, cost: float, *, short: bool
) -> Evaluation:
    """Raises SeriesError for too few bars."""
    import numpy as np

    from stockstream.models.evaluation import evaluate, predictions

    model: Predictor = cast("Predictor", part.make())  # `_part` takes no other
    frame = fold.frame(key)
    final = frame["final"].astype(bool) if "final" in frame else np.ones(len(frame), dtype=bool)
    taken = np.isfinite(frame["probability"]) & final
    times, closes, probability = frame.instants[taken], frame["close"][taken], frame["probability"][taken]
    first = model.warmup + model.ahead
    if since is not None:
        first = max(first, int(np.searchsorted(times, np.datetime64(since.replace(tzinfo=None)))))
    found = predictions(times, closes, probability, ahead=model.ahead, first=first)
    if not len(found):
        raise SeriesError(f"{len(frame):,} bars of {key} are too few: no prediction is due after the warm-up")
    return evaluate(found, cost=cost, short=short)


def _record(title: str, found: Evaluation) -> dict[str, object]:
    return {
        "model": title,
        "verdict": found.total.verdict,
        "total": asdict(found.total),
        "years": [asdict(each) for each in found.years],
        "calibration": [asdict(each) for each in found.calibration],
        "trades": found.trades,
        "purged": found.purged,
        "cost": found.cost,
    }


def _text(title: str, found: Evaluation) -> str:
    header = ["YEAR", "PREDICTIONS", "RIGHT", "ALWAYS UP", "AS LAST BAR", "CLAIMED", "BRIER", "P", "TRADED", "HELD"]
    rows = [_row(each) for each in (*found.years, found.total)]
    lines = [
        f"{title}: {found.total.verdict}",
        "",
        table(header, rows, right=header[1:]),
        "",
        f"{found.trades:,} trades at a cost of {found.cost:.3%} each; first {_day(found.times[0])}, "
        f"last due {_day(found.times[-1])}; {found.purged:,} predictions over the turn of a year are in no year",
    ]
    if found.calibration:
        bins = ", ".join(f"{each.claimed:.1%} {each.came:.1%}" for each in found.calibration)
        lines.append(f"claimed and came: {bins}")
    return "\n".join(lines)


def _day(time: np.datetime64) -> str:
    return str(time.astype("M8[D]"))


def _row(period: Period) -> list[str]:
    shares = (period.hit_rate, period.always_up, period.persistence, period.claimed)
    return [
        period.name,
        f"{period.predictions:,}",
        *("-" if share is None else f"{share:.1%}" for share in shares),
        "-" if period.brier is None else f"{period.brier:.4f}",
        "-" if period.p_value is None else f"{period.p_value:.2g}",
        f"{period.earned:+.1%}",
        f"{period.held:+.1%}",
    ]
