"""Administration through a client that gets no answer any more."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest

from stockstream.errors import Unreachable
from stockstream.kafka.admin import Admin
from tests.kafka.streams import connection, own_topic


class Stuck:
    """A client of which no question about offsets is answered."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def list_offsets(self, partitions: dict[Any, Any], **_: object) -> dict[Any, Future[Any]]:
        return {partition: Future() for partition in partitions}


class FirstStuck(Admin):
    """The first of its clients is stuck."""

    stuck = True

    def _made(self) -> Any:
        client, stuck = super()._made(), self.stuck
        self.stuck = False
        return Stuck(client) if stuck else client


def test_who_asks_again_has_a_new_client(broker: str) -> None:
    topic = own_topic()
    Admin(connection(broker)).ensure(topic)
    admin = FirstStuck(connection(broker), timeout=2)
    with pytest.raises(Unreachable):
        admin.await_leaders(topic)
    admin.await_leaders(topic)
