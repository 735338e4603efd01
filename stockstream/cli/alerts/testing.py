"""``stockstream alerts test``: where a rule would have come on the history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stockstream.alerts.rule import Rule
from stockstream.cli import completion, outputs
from stockstream.cli.context import Context
from stockstream.cli.hours import hours_of
from stockstream.cli.outputs import ForceOption
from stockstream.cli.panels import FILES, ROWS
from stockstream.cli.text import printable
from stockstream.errors import RuleError, SeriesError
from stockstream.names import cut

if TYPE_CHECKING:  # NumPy is slow to import, and `--help` does not need it
    from stockstream.alerts.evaluation.engine import Hours
    from stockstream.alerts.evaluation.watch import OpenHours
    from stockstream.alerts.trial import Trial
    from stockstream.views.bar_batch import BarBatch


def hours_for(context: Context, rules: Sequence[Rule]) -> Hours:
    """The hours of the exchange of each symbol; a rule that asks for those of a symbol without any is told of once."""
    asks = any(each.silence and "while" in each.when.lower() for each in rules)
    told: set[str] = set()

    def of(symbol: str) -> OpenHours | None:
        found = hours_of(context.settings, symbol)
        if found is None and asks and symbol not in told:
            told.add(symbol)
            context.reporter.warn(f"{symbol} has no calendar in config.yaml: `while open` counts all hours")
        return None if found is None else found.open_for

    return of


def rule_of(text: str, symbols: Sequence[str] | None, hint: str, note: Callable[[str], None]) -> Rule:
    """The rule of a text, named after itself. Raises typer.BadParameter, after ``note`` has shown where it is wrong."""
    try:
        return Rule.of(" ".join(text.split()), text, symbols)
    except RuleError as error:
        note(error.excerpt)
        raise typer.BadParameter(error.message, param_hint=hint) from None


def try_rule(
    ctx: typer.Context,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule, such as 'close > 180'.")],
    symbol: Annotated[
        str,
        typer.Option(
            "--symbol",
            metavar="SYMBOL",
            help="The symbol.",
            autocompletion=completion.symbols,
            rich_help_panel=ROWS,
        ),
    ],
    interval: Annotated[
        str | None,
        typer.Option("--interval", metavar="INTERVAL", help="Only its bars of this interval.", rich_help_panel=ROWS),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.png", help="Also draw the bars, with marks.", rich_help_panel=FILES),
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(min=2, metavar="N", help="Newest bars in the picture; all by default.", rich_help_panel=ROWS),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Show where a rule would have come on the bars that the topic holds. Nothing is sent."""
    context = Context.of(ctx)
    outputs.check(plot, outputs.PICTURE, "--plot", force=force)
    found = rule_of(rule, [symbol], "RULE", context.reporter.note)
    if found.of_topics:
        raise typer.BadParameter("a rule about a topic has no history", param_hint="RULE")
    from stockstream.alerts.trial import history, trials

    batches = history(context.settings.connection("consumer"), symbol)
    batches = [each for each in batches if interval in (None, each.last.interval)]
    results = trials(found, batches, hours_for(context, [found])(symbol))
    if not results:
        raise SeriesError(*_nothing(found, symbol, batches))
    for result in results:
        context.reporter.result(_text(result))
    if plot is not None:
        if len(results) > 1:
            several = ", ".join(str(each.series) for each in results)
            raise SeriesError(f"{symbol} stands for {len(results)} series", hint=f"choose one by --interval: {several}")
        _draw(context, found, results[0], batches, plot, rows)


def _nothing(rule: Rule, symbol: str, batches: Sequence[BarBatch]) -> tuple[str]:
    if not batches:
        return (f"the topic holds no bars of {cut(printable(symbol))}: `stockstream series` lists what it holds",)
    there = ", ".join(sorted({each.last.interval for each in batches}))
    if rule.meaning.interval is None:
        return (f"bars of {there} are longer than the time that the rule names",)
    return (f"bars of {there} do not make those of {rule.meaning.interval}",)


def _text(result: Trial) -> str:
    count = len(result.alerts)
    gone = f", {result.withdrawn:,} withdrawn after corrections" if result.withdrawn else ""
    head = f"{result.series}: {count:,} {'alert' if count == 1 else 'alerts'} in {len(result.frame):,} bars{gone}"
    from stockstream.alerts.delivery import line

    return "\n".join([printable(head), *(f"  {line(each)}" for each in result.alerts)])


def _draw(
    context: Context, rule: Rule, result: Trial, batches: Sequence[BarBatch], plot: Path, rows: int | None
) -> None:
    from stockstream.alerts.trial import TrialModel
    from stockstream.present.options import PictureOptions

    newest = batches[-1].last
    model = TrialModel(rule, result, newest.tz, newest.source)
    options = PictureOptions(rows=rows or max(2, len(result.frame)), theme=context.settings.window.theme)
    context.displays.picture(model, plot, options).finish()
    context.reporter.note(f"wrote {plot}")
