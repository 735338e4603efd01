"""``stockstream dlq``: lists, shows, replays and purges dead letters."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from filelock import FileLock, Timeout

from stockstream.cli.commands import Command, Group, examples
from stockstream.cli.context import Context
from stockstream.cli.outputs import JsonOption
from stockstream.cli.text import printable, size, table
from stockstream.cli.topics import PATIENCE
from stockstream.errors import BrokerError, StateError
from stockstream.files import private_folder
from stockstream.kafka.admin import Admin
from stockstream.kafka.letterbox import Choice, Kept, Letterbox, contents, opened
from stockstream.kafka.replay import Outcome, Replay
from stockstream.names import cut
from stockstream.topics import TOPICS, AnyTopic

app = typer.Typer(cls=Group, no_args_is_help=True)

_SHOWN: Final = 100
_LONGEST: Final = 2_000
_EXAMPLES: Final = 5
_WIDEST: Final = 120
"""Maximum number of characters shown of a place or a reason."""

PlacesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PLACE",
        help="topic/partition/offset or file/line, or the beginning of it: stocks/0, flights.csv.",
        show_default=False,
    ),
]
ReasonOption = Annotated[
    str | None, typer.Option("--reason", metavar="WORDS", help="Only those whose reason contains WORDS.")
]
TopicOption = Annotated[
    str | None,
    typer.Option("--topic", metavar="TOPIC", help="Only those of this topic, such as stocks."),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.callback()
def dlq() -> None:
    """List, show, replay and purge dead letters: unreadable records, kept on stocks.dlq and flights.dlq."""


@app.command("list", cls=Command, epilog=examples("dlq list", "dlq list flights.csv --reason date --json"))
def list_letters(
    ctx: typer.Context,
    places: PlacesArgument = None,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    count: Annotated[
        int, typer.Option("-n", "--count", min=1, metavar="N", help="Only the newest N; the others are counted.")
    ] = _SHOWN,
    as_json: JsonOption = False,
) -> None:
    """List the dead letters, the oldest first.

    Columns: place, time of writing, bytes, whether it was replayed, and why it cannot be read.
    """
    context = Context.of(ctx)
    found = [letter for _, letters in _chosen(context, topic, Choice(places or (), reason)) for letter in letters]
    if as_json:
        context.reporter.result(json.dumps([_record(letter) for letter in found], indent=2))
        return
    if not found:
        context.reporter.note("no dead letters" + (" of that kind" if places or reason or topic else ""))
        return
    rows = [
        [
            cut(printable(letter.place), _WIDEST),
            f"{letter.sent:%Y-%m-%d %H:%M:%S}Z",
            size(letter.length),
            _state(letter),
            cut(printable(letter.reason), _WIDEST),
        ]
        for letter in found[-count:]
    ]
    context.reporter.result(table(["PLACE", "WRITTEN", "SIZE", "STATE", "WHY"], rows, right=["SIZE"]))
    if len(found) > count:
        context.reporter.note(f"and {len(found) - count:,} older ones: -n {len(found)} lists them, too")


@app.command(cls=Command, epilog=examples("dlq show stocks/0/17", "dlq show flights.csv/12 --raw"))
def show(
    ctx: typer.Context,
    place: Annotated[str, typer.Argument(metavar="PLACE", help="topic/partition/offset or file/line.")],
    topic: TopicOption = None,
    raw: Annotated[bool, typer.Option("--raw", help="Only its bytes, unchanged: `> FILE` saves them.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show one dead letter: its details and its bytes."""
    context = Context.of(ctx)
    box, letter = _single(context, topic, place)
    value = next((value for _, value in contents(box, [letter], context.settings.connection("admin"))), b"")
    if raw:
        sys.stdout.buffer.write(value)
        sys.stdout.buffer.flush()
    elif as_json:
        text = value.decode(errors="backslashreplace")
        context.reporter.result(json.dumps(_record(letter) | {"value": text}, indent=2))
    else:
        context.reporter.result(_details(box, letter, value))


@app.command(cls=Command, epilog=examples("dlq replay", "dlq replay --topic flights"))
def replay(
    ctx: typer.Context,
    places: PlacesArgument = None,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    corrected: Annotated[
        Path | None,
        typer.Option("--with", metavar="FILE", help="Send the record in this file instead of the dead letter."),
    ] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Print what would be replayed; send nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Replay dead letters: send those that can be read now, each once.

    They are added to the end of the topic. Running the command again does not send them twice. The header dead-letter
    of a replayed record holds its original place. Without PLACE and --reason all dead letters are tried.
    """
    context = Context.of(ctx)
    connection = context.settings.connection("admin")
    if corrected is None:
        chosen, value = _chosen(context, topic, Choice(places or (), reason)), None
    else:
        if len(places or ()) != 1 or reason is not None:
            raise typer.BadParameter("stands in for one dead letter: name its place", param_hint="--with")
        value = _read(corrected)
        box, letter = _single(context, topic, (places or [""])[0])
        chosen = [(box, [letter])]
    outcome = Outcome()
    with _alone(context):
        for box, letters in chosen:
            if letters:
                # Another process may have replayed some in the meantime.
                fresh = opened(box.topic, connection)
                now = [fresh.letters[each.place] for each in letters if each.place in fresh.letters]
                one = Replay(fresh, connection).run(now, corrected=value, dry=dry)
                outcome.replayed |= one.replayed
                outcome.before |= one.before
                outcome.unreadable |= one.unreadable
                outcome.shortened |= one.shortened
    if as_json:
        context.reporter.result(json.dumps(vars(outcome), indent=2))
    else:
        _report_outcome(context, outcome, dry=dry)
    if outcome.left and (places or not outcome.replayed):
        raise typer.Exit(1)


@app.command(cls=Command, epilog=examples("dlq purge stocks/0", "dlq purge --topic flights --yes"))
def purge(
    ctx: typer.Context,
    places: PlacesArgument = None,
    reason: ReasonOption = None,
    topic: TopicOption = None,
    replayed: Annotated[bool, typer.Option("--replayed", help="Only replayed ones.")] = False,
    yes: YesOption = False,
) -> None:
    """Delete dead letters permanently; asks first.

    Without PLACE and --reason all are deleted. The unreadable record stays in its topic: a window that reads the topic
    from its start writes the dead letter again.
    """
    context = Context.of(ctx)
    chosen = [
        (box, [letter for letter in letters if letter.replayed or not replayed])
        for box, letters in _chosen(context, topic, Choice(places or (), reason))
    ]
    lost = sum(letter.replayed is None for _, letters in chosen for letter in letters)
    total = sum(len(letters) for _, letters in chosen)
    if not total:
        context.reporter.note("nothing to delete")
        return
    context.reporter.note(f"On {context.settings.bootstrap_servers} this will be deleted permanently:")
    for box, letters in chosen:
        if letters:
            context.reporter.note(f"  {box.topic.dead_letters}: {len(letters):,} of {len(box.letters):,} dead letters")
    if lost:
        context.reporter.note(f"  {lost:,} of them were not replayed")
    if not yes and not typer.confirm("Delete it?", err=True):
        context.reporter.note("nothing was deleted")
        raise typer.Exit(1)
    with _alone(context):
        for box, letters in chosen:
            Replay(box, context.settings.connection("admin")).purge(letters)
    context.reporter.result(f"deleted: {total:,} dead letter{'' if total == 1 else 's'}")


def _boxes(context: Context, topic: str | None) -> list[Letterbox]:
    """The contents of the dead-letter topics that exist."""
    if topic is not None and topic.removesuffix(".dlq") not in TOPICS:
        raise typer.BadParameter(f"{cut(topic)} is not one of {', '.join(TOPICS)}", param_hint="--topic")
    wanted: Sequence[AnyTopic] = list(TOPICS.values()) if topic is None else [TOPICS[topic.removesuffix(".dlq")]]
    connection = context.settings.connection("admin")
    names = Admin(connection, timeout=PATIENCE).names()
    return [opened(each, connection) for each in wanted if each.dead_letters in names]


def _chosen(context: Context, topic: str | None, choice: Choice) -> list[tuple[Letterbox, list[Kept]]]:
    return [(box, box.chosen(choice)) for box in _boxes(context, topic)]


def _single(context: Context, topic: str | None, place: str) -> tuple[Letterbox, Kept]:
    """The dead letter of a place. Raises `BrokerError` if there is none, or one on each topic."""
    found = [(box, box.letters[place]) for box in _boxes(context, topic) if place in box.letters]
    if len(found) > 1:
        raise BrokerError(f"{cut(place)} is on several topics", hint="--topic says which is meant")
    if not found:
        raise BrokerError(f"no dead letter {cut(place)}", hint="`stockstream dlq list` names them")
    return found[0]


@contextmanager
def _alone(context: Context) -> Iterator[None]:
    """Lock, so that only one process replays or purges. Raises `StateError`."""
    folder = context.settings.state_dir / Admin(context.settings.connection("admin"), timeout=PATIENCE).cluster_id()
    try:
        private_folder(folder)
        with FileLock(folder / "dlq.lock", blocking=False, mode=0o600):
            yield
    except Timeout:
        raise StateError("another `stockstream dlq` is running", hint="try again when it has ended") from None
    except OSError as error:
        raise StateError(f"{error.filename or folder}: {(error.strerror or str(error)).lower()}") from error


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {(error.strerror or str(error)).lower()}", param_hint="--with") from None


def _state(letter: Kept) -> str:
    if letter.replayed is not None:
        return f"replayed as {printable(letter.replayed)}"
    return "shortened" if letter.shortened else "kept"


def _record(letter: Kept) -> dict[str, object]:
    return {
        "place": letter.place,
        "written": letter.sent.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "reason": letter.reason,
        "bytes": letter.length,
        "kept_bytes": letter.kept,
        "id": letter.identity,
        "replayed": letter.replayed,
    }


def _details(box: Letterbox, letter: Kept, value: bytes) -> str:
    partition, offset = letter.at
    lines = [
        f"place    {printable(letter.place)}",
        f"kept as  {box.topic.dead_letters}/{partition}/{offset}, written {letter.sent:%Y-%m-%d %H:%M:%S}Z",
        f"why      {printable(letter.reason)}",
        f"bytes    {letter.length:,}" + (f", of which the first {letter.kept:,} are kept" if letter.shortened else ""),
        f"state    {_state(letter)}",
        f"id       {letter.identity}",
        "",
        printable(value[:_LONGEST].decode(errors="backslashreplace")),
    ]
    if len(value) > _LONGEST:
        lines.append(f"... {len(value) - _LONGEST:,} bytes more: --raw shows all")
    return "\n".join(lines)


def _report_outcome(context: Context, outcome: Outcome, *, dry: bool) -> None:
    for place, reason in list(outcome.unreadable.items())[:_EXAMPLES]:
        context.reporter.warn(f"{cut(printable(place), _WIDEST)} still cannot be read: {cut(printable(reason))}")
    if any(place.count("/") == 1 for place in outcome.unreadable):
        context.reporter.note("a row of a file is not a record: correct the file and send it again (or use --with)")
    for place, length in list(outcome.shortened.items())[:_EXAMPLES]:
        context.reporter.warn(
            f"{cut(printable(place), _WIDEST)} cannot be replayed: of its {length:,} bytes only the beginning is kept"
        )
    parts = [f"{'would be ' if dry else ''}replayed: {len(outcome.replayed):,}"]
    if outcome.before:
        parts.append(f"replayed before: {len(outcome.before):,}")
    if outcome.unreadable:
        parts.append(f"still unreadable: {len(outcome.unreadable):,}")
    if outcome.shortened:
        parts.append(f"shortened: {len(outcome.shortened):,}")
    context.reporter.result(", ".join(parts))
