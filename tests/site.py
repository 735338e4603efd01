"""A user's machine: a broker with its data, and the environment in which commands are run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from stockstream.kafka.admin import Admin
from stockstream.kafka.publisher import Publisher
from stockstream.topics import Topic
from tests.cli.helpers import clean, stockstream, until
from tests.kafka.streams import send_all


class Site(NamedTuple):
    """A user's machine: a broker with its data, and the environment in which commands are run."""

    folder: Path
    bootstrap_servers: str

    @property
    def connection(self) -> dict[str, Any]:
        return {"bootstrap.servers": self.bootstrap_servers}

    @property
    def env(self) -> dict[str, str]:
        return clean(
            self.folder / "state",
            STOCKSTREAM_DATA_DIR=str(self.folder / "data"),
            STOCKSTREAM_BOOTSTRAP_SERVERS=self.bootstrap_servers,
        )

    def run(self, *arguments: str, stdin: str = "") -> Any:
        """Run a command of ours to its end."""
        return stockstream(*arguments, cwd=self.folder, env=self.env, stdin=stdin)

    def send(self, topic: Topic[Any], records: list[Any]) -> None:
        with Publisher(topic, self.connection) as publisher:
            send_all(publisher, records)

    def clear(self) -> None:
        """Delete all topics, those of tests included."""
        admin = Admin(self.connection)

        def present() -> set[str]:
            return {name for name in admin.names() if not name.startswith("__")}

        if present():
            admin.delete(present())
            until(lambda: not present())
