"""What strangers and pages can ask of the server: logins, the audit log, quotes, and where it listens."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import numpy as np
import pytest

from stockstream.errors import StockstreamError
from stockstream.records import Series
from stockstream.web.audit import Audit
from stockstream.web.bar_store import Quote
from stockstream.web.logins import Logins
from stockstream.web.quotes import Quotes
from stockstream.web.server import Address
from tests.web.threads import at_once


def test_logins_are_held_back_by_name_and_by_address() -> None:
    logins = Logins()

    def failed(name: str) -> None:
        assert logins.begin(name, "10.0.0.1")
        logins.end(name, "10.0.0.1", failed=True)

    for _ in range(30):  # who knows the password is never held back
        assert logins.begin("ann", "10.0.0.1")
        logins.end("ann", "10.0.0.1", failed=False)
    for _ in range(5):
        failed("ann")
    assert not logins.begin("ANN", "10.0.0.2")
    for number in range(15):
        failed(f"user{number}")
    assert not logins.begin("bob", "10.0.0.1")
    assert logins.begin("bob", "10.0.0.2")


def test_many_logins_at_once_try_no_more_than_one_after_another() -> None:
    logins = Logins()
    assert at_once(40, lambda _: logins.begin("ann", "10.0.0.1")).count(True) == 5
    assert at_once(40, lambda number: logins.begin(f"user{number}", "10.0.0.1")).count(True) == 15


def test_two_passwords_are_hashed_at_once() -> None:
    logins, running, most = Logins(), 0, 0
    lock, two = threading.Lock(), threading.Barrier(2)

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        two.wait(120)
        with lock:
            running -= 1

    async def many() -> None:
        await asyncio.gather(*(logins.hashing(work) for _ in range(10)))

    asyncio.run(many())
    assert most == 2


def test_events_that_a_stranger_causes_do_not_fill_the_audit_log(tmp_path: Path) -> None:
    audit = Audit(tmp_path / "audit.jsonl")
    for _ in range(100):
        audit.note_seldom("login held back", user="ann", address="10.0.0.1")
    for number in range(100):
        audit.note_seldom("login held back", user=f"user{number}", address="10.0.0.1")
    lines = [json.loads(line) for line in audit.path.read_text().splitlines()]
    assert len(lines) == 60
    assert [each["user"] for each in lines[:2]] == ["ann", "user0"]
    assert lines[1]["left_out"] == "99"


def test_quotes_are_written_once_a_second_for_all_pages() -> None:
    now, read = 0.0, 0
    series = Series("AAPL", "1m", "simulated")
    quote = Quote(series, 101.5, float("nan"), np.datetime64(0, "us"), 2, simulated=True, zone=None, currency=None)

    async def newest() -> list[Quote]:
        nonlocal read
        read += 1
        if read == 1:
            raise StockstreamError("the topic is not read yet")
        await asyncio.sleep(0)
        return [quote]

    async def many() -> None:
        nonlocal now
        quotes = Quotes(newest, lambda: now)
        with pytest.raises(StockstreamError, match="not read yet"):
            await quotes.encoded()
        found = await asyncio.gather(*(quotes.encoded() for _ in range(50)))
        assert read == 2
        assert json.loads(found[49])[0]["close"] == 101.5
        now += 1
        await quotes.encoded()
        assert read == 3

    asyncio.run(many())


def test_the_address_to_open_is_one_of_this_machine() -> None:
    assert Address("0.0.0.0", 0, Path("x.pem")).url(8017) == "https://localhost:8017"
    assert Address("::", 0, Path("x.pem")).url(8017) == "https://localhost:8017"
    assert Address("::1", 0).url(8017) == "http://[::1]:8017"
    assert Address("127.0.0.1", 0).url(8017) == "http://127.0.0.1:8017"
