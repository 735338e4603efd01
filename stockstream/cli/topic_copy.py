"""``stockstream topics copy``: brings topics over from another broker, each record once."""

from __future__ import annotations

import time
from collections.abc import Sequence

from stockstream.cli.context import Context
from stockstream.errors import BrokerError
from stockstream.kafka.admin import Admin
from stockstream.kafka.topic_copy import TopicCopy
from stockstream.names import cut


def copy(context: Context, where: str, topics: Sequence[str]) -> None:
    """Copy the topics that are named, or all but Kafka's own, from the broker there. Raises `BrokerError`."""
    settings = context.settings
    source = settings.model_copy(update={"bootstrap_servers": where}).connection("admin")
    target = settings.connection("admin")
    origin = Admin(source)
    there = sorted(name for name in origin.names() if not name.startswith("__"))
    for name in topics:
        if name not in there:
            raise BrokerError(
                f"there is no topic {cut(name)} at {where}", hint=f"there are {', '.join(there) or 'none'}"
            )
    if origin.cluster_id() == Admin(target).cluster_id():
        raise BrokerError(
            f"{where} and {settings.bootstrap_servers} are the same cluster",
            hint="name the one to copy to with --bootstrap-servers",
        )
    if not there:
        context.reporter.note(f"no topics at {where}: nothing to copy")
    for name in topics or there:
        _copy_one(context, TopicCopy(name, source, target))


def _copy_one(context: Context, topic: TopicCopy) -> None:
    begun = time.monotonic()

    def progress(done: int, total: int) -> None:
        context.reporter.progress(done, total, done / (time.monotonic() - begun), f"copying {topic.name}")

    try:
        outcome = topic.run(progress)
    finally:
        context.reporter.close()
    context.reporter.result(
        f"{topic.name}: {outcome.copied:,} copied, {outcome.before:,} already there; the topic holds {outcome.holds:,}"
    )
