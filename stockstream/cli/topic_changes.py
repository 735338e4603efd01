"""Creation and changes of topics: number of partitions, and retention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from stockstream.cli.context import Context
from stockstream.cli.panels import RUN
from stockstream.cli.text import span
from stockstream.errors import BrokerError
from stockstream.intervals import parse
from stockstream.names import cut
from stockstream.topics import RETENTION, TOPICS, Topic

if TYPE_CHECKING:  # Kafka's client is slow to import, and `--help` does not need it
    from stockstream.kafka.admin import TopicSummary
    from stockstream.kafka.topic_settings import TopicSettings

R = TypeVar("R")
V = TypeVar("V")

FOREVER: Final = "forever"
_MOST_PARTITIONS: Final = 10_000
_OURS: Final = {topic.dead_letters for topic in TOPICS.values()}


def retention(text: str) -> int:
    """Milliseconds of a span such as 30d, -1 for "forever". Raises typer.BadParameter.

    >>> retention("7d"), retention("forever")
    (604800000, -1)
    """
    if text == FOREVER:
        return -1
    try:
        return parse(text).seconds * 1_000
    except ValueError:
        raise typer.BadParameter(f"{cut(text)!r} is neither {FOREVER} nor a span such as 12h, 30d, 8wk or 1y") from None


def retained(milliseconds: int) -> str:
    """How long that is, in words.

    >>> retained(-1), retained(604_800_000)
    ('forever', '7 d 0 h')
    """
    return FOREVER if milliseconds < 0 else span(milliseconds / 1_000)


RetentionOption = Annotated[
    int | None,
    typer.Option(
        "--retention",
        parser=retention,
        metavar="SPAN",
        help="If the topic is created: how long records are kept, such as 30d; without it forever.",
        rich_help_panel=RUN,
    ),
]


def kept(topic: Topic[R], milliseconds: int | None) -> Topic[R]:
    """The topic as it is to be made; None leaves it as it is."""
    return topic if milliseconds is None else replace(topic, config={**topic.config, RETENTION: str(milliseconds)})


def check(context: Context, topic: Topic[R]) -> None:
    """Look at a topic that is there, and warn where its records are kept otherwise than was asked for."""
    wanted = topic.config.get(RETENTION)
    if topic.name in TOPICS and wanted != TOPICS[topic.name].config.get(RETENTION):
        held = context.outlet.settings(topic).get(RETENTION)
        if held is not None and wanted is not None and held != wanted:
            context.reporter.warn(
                f"the topic {topic.name} is there already, and keeps records {_for(int(held))}:"
                f" `stockstream topics --retention {topic.name}=...` changes that"
            )


def change(context: Context, partitions: Sequence[str], retentions: Sequence[str], *, yes: bool) -> None:
    """Change topics, each option being TOPIC=VALUE. Raises typer.BadParameter before anything is changed."""
    from stockstream.kafka.admin import Admin
    from stockstream.kafka.topic_settings import TopicSettings

    grown = _pairs(partitions, _count, "--add-partitions")
    limits = _pairs(retentions, retention, "--retention")
    connection = context.settings.connection("admin")
    there = {summary.name: summary for summary in Admin(connection).summaries({*grown, *limits})}
    for name in {*grown, *limits} - there.keys():
        raise BrokerError(f"there is no topic {cut(name)}", hint="`stockstream topics` lists them")
    _check_partitions(grown, there)
    for name, milliseconds in limits.items():
        _keep(context, TopicSettings(name, connection), there[name], milliseconds, yes=yes)
    for name, total in grown.items():
        TopicSettings(name, connection).add_partitions(total)
        context.reporter.result(f"{name}: {there[name].partitions} -> {total} partitions")
        context.reporter.note(
            "keys may move: windows order records by the time of sending, whatever partition they are in"
        )


def _check_partitions(grown: Mapping[str, int], there: Mapping[str, TopicSummary]) -> None:
    for name, total in grown.items():
        if name in _OURS:
            message = f"{name} holds dead letters, and its one partition keeps them in order"
            raise typer.BadParameter(message, param_hint="--add-partitions")
        if total <= there[name].partitions:
            message = f"{name} has {there[name].partitions} already: say how many it is to have, more than that"
            raise typer.BadParameter(message, param_hint="--add-partitions")


def _keep(context: Context, settings: TopicSettings, summary: TopicSummary, milliseconds: int, *, yes: bool) -> None:
    if settings.name in _OURS:
        raise typer.BadParameter(
            f"{settings.name} keeps dead letters until `stockstream dlq purge`", param_hint="--retention"
        )
    held = int(settings.get().get(RETENTION, "-1"))
    shorter = milliseconds >= 0 and (held < 0 or milliseconds < held)
    if shorter and summary.records and not yes:
        context.reporter.note(
            f"{settings.name}: of {summary.records:,} records those older than {retained(milliseconds)} go"
        )
        if not typer.confirm("Delete them?", err=True):
            context.reporter.note("nothing was changed")
            raise typer.Exit(1)
    settings.keep(milliseconds)
    context.reporter.result(f"{settings.name}: records are kept {_for(milliseconds)}")


def _for(milliseconds: int) -> str:
    return FOREVER if milliseconds < 0 else f"for {retained(milliseconds)}"


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 0 < int(text) <= _MOST_PARTITIONS):
        raise typer.BadParameter(f"{cut(text)!r} is not a number of partitions from 1 to {_MOST_PARTITIONS:,}")
    return int(text)


def _pairs(given: Sequence[str], read: Callable[[str], V], option: str) -> dict[str, V]:
    found: dict[str, V] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not name or not equals:
            raise typer.BadParameter(f"{cut(each)!r} should be TOPIC=VALUE", param_hint=option)
        try:
            found[name] = read(value)
        except typer.BadParameter as error:
            raise typer.BadParameter(error.message, param_hint=option) from None
    return found
