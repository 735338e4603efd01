"""The progress bar of a terminal: the activity, records done, the rate, and the time left."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from stockstream.cli.text import rate as rate_text
from stockstream.cli.text import span


def progress_bar(console: Console) -> Progress:
    """A progress bar, whose task has the field ``rate``."""
    text = TextColumn("{task.description}", markup=False)
    columns = SpinnerColumn(), text, BarColumn(bar_width=24), _Amount(), _Rate(), _TimeLeft()
    return Progress(*columns, console=console, redirect_stdout=False, redirect_stderr=False)


class _Amount(ProgressColumn):
    def render(self, task: Task) -> Text:
        total = f" of {task.total:,.0f}" if task.total is not None else ""
        return Text(f"{task.completed:,.0f}{total}")


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{rate_text(task.fields.get('rate', 0.0))}/s", style="dim")


class _TimeLeft(TimeRemainingColumn):
    """Time left, computed from the rate that the command reports, because the bar does not know of pauses."""

    def render(self, task: Task) -> Text:
        rate = task.fields.get("rate", 0.0)
        if task.total is None or not rate:
            return Text("")
        return Text(f"{span((task.total - task.completed) / rate)} left", style="dim")
