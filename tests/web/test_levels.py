"""Levels that people set on the page reach the alerts process, which goes on with them when the page is closed."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from stockstream.alerts.watched_levels import unwatched, watching
from stockstream.kafka.admin import Admin
from stockstream.records import Alert
from stockstream.topics import STOCKS
from stockstream.web.alert_records import AlertRecords
from tests.alerts.alerts import TIME
from tests.patience import PATIENCE
from tests.site import Site
from tests.views.bars import bar
from tests.web.server import served

pytest.importorskip("fastapi")

CONFIG = "alerts:\n  rules:\n    - {name: never, when: close > 1000000, symbols: [OTHER]}\n"


def until(found: Callable[[], Any], wanted: Any) -> None:
    ends = time.monotonic() + 60
    while (last := found()) != wanted:
        assert time.monotonic() < ends, last
        time.sleep(0.1)


def values(client: Any, **params: str) -> list[float]:
    return [each["value"] for each in client.get("/api/levels", params=params).json()["levels"]]


def test_a_level_is_watched_without_the_page_until_it_ends(running_site: Site) -> None:
    running_site.clear()
    running_site.send(STOCKS, [bar(minute, 100.0 + minute % 5) for minute in range(20)])
    (running_site.folder / "config.yaml").write_text(CONFIG)
    try:
        with served(running_site) as page:
            analyst, viewer, admin = (page.login(role) for role in ("analyst", "viewer", "admin"))
            until(lambda: analyst.get("/api/series").status_code, 200)
            until(lambda: len(analyst.get("/api/series").json()), 1)

            watch = {"symbol": "AAPL", "interval": "1m", "feed": "market", "value": 110.0}
            assert viewer.post("/api/levels", json=watch).status_code == 403
            told = analyst.post("/api/levels", json=watch).json()
            assert told["runs"] is False
            assert analyst.post("/api/levels", json=watch | {"value": 112, "once": True}).status_code == 200
            assert analyst.post("/api/levels", json=watch | {"value": 111}).status_code == 200
            assert analyst.post("/api/levels/end", json=watch | {"value": 111}).status_code == 204
            assert admin.post("/api/levels/end", json=watch).status_code == 204  # ends one of their own, if any
            until(lambda: values(analyst), [110.0, 112.0])
            assert values(admin) == []
            for wrong in ({"symbol": "NONE"}, {"value": "1e13"}, {"value": None}, {"value": "nan"}):
                answer = analyst.post("/api/levels", json=watch | wrong)
                assert answer.status_code in (400, 422), answer.text
            page_address = page.url
        assert page_address
        listed = running_site.run("alerts", "list", "--state", "watched", "--json")
        assert [each["text"] for each in json.loads(listed.stdout)] == [
            "analyst watches AAPL 1m at 110", "analyst watches AAPL 1m at 112 once",
        ]  # fmt: skip
        before = running_site.run("alerts", "--once")
        assert before.returncode == 0, before.stderr
        assert "through" not in before.stdout  # nothing of before they were set
        running_site.send(STOCKS, [bar(20, 111.0), bar(21, 113.0), bar(22, 111.0), bar(23, 113.0)])
        found = running_site.run("alerts", "--once")
        assert found.returncode == 0, found.stderr
        assert "AAPL 1m: close rose through 110 to 111" in found.stdout
        assert found.stdout.count("through 112") == 1
        assert "watches" not in found.stdout
        again = running_site.run("alerts", "--once")
        assert "through" not in again.stdout
        listed = running_site.run("alerts", "list", "--state", "watched", "--json")
        assert [each["text"] for each in json.loads(listed.stdout)] == ["analyst watches AAPL 1m at 110"]
        # Without bars it ends, too; that of another person is ended by an admin.
        Admin(running_site.connection).delete([STOCKS.name])
        with served(running_site) as page:
            analyst, admin = page.login("analyst"), page.login("admin")
            assert analyst.post("/api/levels/end", json=watch | {"owner": "admin"}).status_code == 403
            assert analyst.get("/api/levels", params={"owner": "admin"}).status_code == 403
            assert analyst.get("/api/levels", params={"everyone": True}).status_code == 403
            until(lambda: values(admin, owner="analyst"), [110.0])
            assert values(admin, everyone="true") == [110.0]
            assert values(admin) == []
            ended = admin.post("/api/levels/end", json=watch | {"owner": "analyst"})
            assert ended.status_code == 204, ended.text
            until(lambda: values(analyst), [])
    finally:
        (running_site.folder / "config.yaml").unlink()


class Held(AlertRecords):
    """Keeps what was sent; the broker takes its time for the first record."""

    def __init__(self) -> None:
        super().__init__({})
        self.sent: list[tuple[str, bool]] = []
        self.asked, self.free = threading.Event(), threading.Event()

    def send(self, record: Alert) -> None:
        if not self.asked.is_set():
            self.asked.set()
            assert self.free.wait(PATIENCE)
        self.sent.append((record.text.partition(" ")[0], record.until is not None))


def test_records_of_a_person_keep_their_order_and_hold_up_nobody_else() -> None:
    async def run() -> list[tuple[str, bool]]:
        records, level = Held(), {each: watching(each, bar(0, 100.0), 110.0, TIME) for each in ("ann", "bob")}

        async def made(record: Alert) -> Alert:
            return record

        first = asyncio.create_task(records.send_in_turn("ann", lambda: made(level["ann"])))
        while not records.asked.is_set():
            await asyncio.sleep(0.01)
        end = asyncio.create_task(records.send_in_turn("ann", lambda: made(unwatched(level["ann"], TIME))))
        await records.send_in_turn("bob", lambda: made(level["bob"]))
        records.free.set()
        await asyncio.gather(first, end)
        return records.sent

    assert asyncio.run(run()) == [("bob", False), ("ann", False), ("ann", True)]
