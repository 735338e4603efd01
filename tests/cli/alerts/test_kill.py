"""``stockstream alerts`` killed at random moments: each alert is once in the topic, and by id at the web hook."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise

from stockstream.codec import Decoder
from stockstream.kafka.tail import Tail
from stockstream.records import Alert, Bar
from stockstream.topics import STOCKS
from tests.alerts.receiver import SECRET, Receiver, receiver
from tests.patience import until
from tests.site import Site

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
BARS = 3_000


def walk(seed: int) -> list[Bar]:
    chance, close, made = random.Random(seed), 100.0, []
    for minute in range(BARS):
        close = round(close + chance.gauss(0.0, 0.3) - 0.02 * (close - 100.0), 2)
        made.append(
            Bar(
                symbol="AAPL",
                interval="1m",
                time=START + timedelta(minutes=minute),
                open=close,
                high=close,
                low=close,
                close=close,
                volume=1.0,
                source="test",
            )
        )
    return made


def crossings(bars: list[Bar], level: float) -> int:
    """By the definition: at or below before, above now, and the other way."""
    closes = [bar.close for bar in bars]
    exact = [place for place, close in enumerate(closes) if close == level]
    assert not exact, "a close at the level needs more thought"
    return sum((before < level) != (now < level) for before, now in pairwise(closes))


def has_more(there: Receiver, alerts: int) -> bool:
    """Whether more alerts came, by their ids."""
    return len(there.heeded) > alerts


def test_every_crossing_comes_once_through_kill_9(site: Site) -> None:
    bars, level, chance = walk(16), 100.005, random.Random(7)
    expected = crossings(bars, level)
    assert expected > 50
    site.send(STOCKS, bars)
    with receiver() as there:
        settings = f"alerts:\n  sinks: [webhook]\n  sink_options: {{webhook: {{url: '{there.url}'}}}}\n"
        (site.folder / "hook.yaml").write_text(settings)
        env = {**site.env, "ALERTS_WEBHOOK_SECRET": SECRET}
        command = [
            sys.executable, "-m", "stockstream", "--config", "hook.yaml", "alerts", "--rule", f"close crosses {level}",
            "--once",
        ]  # fmt: skip
        killed = 0
        for kill in range(5):
            goal = min(expected - 10, chance.randrange(1, expected // 3) * kill)
            there.holds = partial(has_more, there, goal + 5)
            with subprocess.Popen(command, cwd=site.folder, env=env, stderr=subprocess.DEVNULL) as process:
                until(partial(has_more, there, goal))
                time.sleep(chance.random() * 0.05)
                killed += process.poll() is None
                process.kill()
        there.holds = lambda: False
        last = subprocess.run(
            command, cwd=site.folder, env=env, check=True, capture_output=True, text=True, timeout=200
        )
    assert killed == 5
    with Tail("alerts", site.connection) as tail:
        records = [Decoder(Alert)(sent.value) for sent in tail.newest(10_000)]
    found = Counter(record.id for record in records if record.state == "raised")
    assert len(found) == expected, last.stderr
    assert set(found.values()) == {1}
    assert sorted(there.heeded) == sorted(found)
    times = {record.id: record.time for record in records}
    assert there.heeded == sorted(there.heeded, key=times.__getitem__), "in order"
    assert there.unsigned == 0
    assert all(len(bodies) == 1 for bodies in there.bodies.values())
