"""``stockstream reset``: deletes topics and saved states."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from filelock import FileLock, Timeout

from stockstream.cli.context import Context
from stockstream.cli.topics import PATIENCE
from stockstream.errors import StateError
from stockstream.kafka.admin import Admin
from stockstream.topics import TOPICS


def reset(
    ctx: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete stockstream's topics with all records, and the saved states of the windows.

    Topics of other names, settings, logs and downloads are kept.
    """
    context = Context.of(ctx)
    admin = Admin(context.settings.connection("admin"), timeout=PATIENCE)
    ours = {name for topic in TOPICS.values() for name in (topic.name, topic.dead_letters)}
    summaries = admin.summaries(ours)
    states = states_of(context.settings.state_dir, admin.cluster_id())
    if not summaries and not states:
        context.reporter.note("nothing to delete")
        return
    _refuse_busy(states)
    lines = [f"topic {summary.name}: {summary.records:,} records" for summary in summaries]
    lines += [f"state {folder}" for folder in states]
    context.reporter.note(f"On {context.settings.bootstrap_servers} this will be deleted permanently:")
    for line in lines:
        context.reporter.note(f"  {line}")
    if not yes and not typer.confirm("Delete it?", err=True):
        context.reporter.note("nothing was deleted")
        raise typer.Exit(1)
    admin.delete([summary.name for summary in summaries])
    for folder in states:
        shutil.rmtree(folder)
    context.reporter.result(f"deleted: {len(summaries)} topics, {len(states)} states")


def states_of(state_dir: Path, cluster: str) -> list[Path]:
    """Folders of the saved states of a cluster's topics."""
    return sorted(file.parent for file in (state_dir / cluster).glob("*/*/checkpoint.sqlite"))


def _refuse_busy(states: list[Path]) -> None:
    for folder in states:
        try:
            FileLock(folder / "lock", blocking=False).acquire().lock.release()
        except Timeout:
            raise StateError(f"the state {folder} is in use by a window", hint="close the windows first") from None
