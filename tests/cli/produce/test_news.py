"""``produce news`` with a real broker: each headline once, its bars, and everything again after a restart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stockstream.codec import Decoder
from stockstream.kafka.tail import Tail
from stockstream.records import Bar, News
from tests.cli.produce.recording import NOW, produce
from tests.producers.news.test_headlines import ATOM, RSS
from tests.producers.news.test_headlines import site as feeds
from tests.site import Site


def held(site: Site, topic: str, record: type[News | Bar]) -> list[News | Bar]:
    with Tail(topic, site.connection) as tail:
        return [Decoder(record)(sent.value) for sent in tail.newest(1_000)]


def test_headlines_are_sent_once_with_scores_and_become_bars(site: Site) -> None:
    with feeds() as there:
        there.answers |= {"/a": (200, RSS), "/b": (200, ATOM)}
        command = ("produce", "news", "ACME", "--feed", f"{there.url}/a", "--feed", f"{there.url}/b", "--once")
        first = site.run(*command)
        assert first.returncode == 0, first.stderr
        assert "news: 3 sent, 0 refused, 0 already there" in first.stdout
        again = site.run(*command)
        assert "news: 0 sent, 0 refused, 3 already there" in again.stdout
        assert "0 bars of ACME.sentiment sent" in again.stderr
    found = held(site, "news", News)
    assert {each.title: (each.sentiment or 0) > 0 for each in found if isinstance(each, News)} == {
        "Acme misses estimates": False,
        "AAPL & MSFT rise": True,
        "IBM wins contract": True,
    }
    bar = held(site, "stocks", Bar)[-1]
    assert isinstance(bar, Bar)
    assert (bar.symbol, bar.interval, bar.volume, bar.final) == ("ACME.sentiment", "1h", 3.0, True)
    late = json.dumps({"title": "Acme soars", "time": "2026-03-02T14:45:00Z"})
    posted = site.run("produce", "news", "ACME", "--stdin", stdin=f"{late}\n{{\n")
    assert "news: 1 sent, 1 refused" in posted.stdout
    newest = held(site, "stocks", Bar)[-1]
    assert isinstance(newest, Bar)
    assert (newest.volume, newest.revision) == (4.0, bar.revision + 1)
    tailed = site.run("tail", "news", "--no-follow")
    assert "Acme soars (stdin)" in tailed.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--feed", "https://example.org", "--stdin"), "either --feed or --stdin"),
        (("--feed", "example.org"), "is not the address of a feed"),
        (("--interval", "7x"), "is not an interval"),
    ],
)
def test_wrong_options_are_refused_before_a_broker_is_asked(site: Site, options: tuple[str, ...], said: str) -> None:
    result = site.run("produce", "news", "AAPL", *options)
    assert result.returncode != 0
    assert said in " ".join(result.stderr.split())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("here")
def test_every_option_takes_effect() -> None:
    with feeds() as there:
        there.answers["/a"] = 200, RSS
        feed = ("news", "ACME", "--feed", f"{there.url}/a")
        assert [bar.interval for bar in produce(*feed, "--once", "--interval", "5m").bars] == ["5m", "5m"]
        asked = len(there.asked)
        sent = produce(*feed, "--every", "30", "--seconds", "100", "--retention", "1d")
        assert len(there.asked) > asked
        assert sent.outlet.retention is not None
        assert sent.exit_code == 0
        there.answers["/a"] = 404, ""
        assert produce(*feed, "--once").exit_code == 1


@pytest.mark.usefixtures("here")
def test_one_symbol_that_a_site_does_not_have_and_a_time_to_come_take_nothing_from_the_others() -> None:
    with feeds() as there:
        there.answers["/IBM"] = 200, ATOM.replace("2026-03-02", "2031-03-02")
        sent = produce("news", "GONE", "IBM", "--feed", f"{there.url}/{{symbol}}", "--once")
    assert sent.exit_code == 1
    assert "/GONE: 127.0.0.1 answers 404" in " ".join(sent.output.split())
    (bar,) = sent.bars
    assert (bar.symbol, bar.time, bar.final) == ("IBM.sentiment", NOW.replace(minute=0, second=0), False)
