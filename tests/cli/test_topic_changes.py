"""``topics --add-partitions`` and ``--retention``; ``produce --retention``; compacted topics are refused."""

from __future__ import annotations

import pandas as pd
from confluent_kafka.admin import AdminClient, NewTopic
from msgspec import structs

from stockstream import read
from stockstream.kafka.admin import Admin
from stockstream.kafka.topic_settings import TopicSettings
from stockstream.topics import FLIGHTS, STOCKS
from tests.site import Site
from tests.views.bars import bar


def partitions(site: Site, name: str) -> int:
    return Admin(site.connection).summaries([name])[0].partitions


def settings(site: Site, name: str) -> tuple[str, str]:
    found = TopicSettings(name, site.connection).get()
    return found["retention.ms"], found["cleanup.policy"]


def test_partitions_are_added_and_corrections_count_wherever_they_are(site: Site) -> None:
    names = [f"S{number}" for number in range(20)]
    bars = [structs.replace(bar(minute, 1.0), symbol=name) for minute in range(100) for name in names]
    site.send(STOCKS, bars)
    result = site.run("topics", "--add-partitions", "stocks=6")
    assert (result.returncode, result.stdout) == (0, "stocks: 3 -> 6 partitions\n")
    assert partitions(site, "stocks") == 6
    site.send(STOCKS, [structs.replace(each, close=2.0, high=3.0) for each in bars if each.time.minute % 2])
    for _ in range(5):
        table = read("stocks", bootstrap_servers=site.bootstrap_servers)
        assert len(table) == len(bars)
        assert (table["close"] == 1.0 + table["time"].dt.minute % 2).all()
    assert [line.split()[3] for line in site.run("series").stdout.splitlines()[1:]] == ["100"] * 20
    for _ in range(3):
        values = site.folder / "values.csv"
        result = site.run("watch", "rsi", "S3", "S7", "S11", "--once", "--values", str(values), "--force")
        assert result.returncode == 0, result.stderr
        shown = pd.read_csv(values, parse_dates=["time"])
        assert len(shown) == 300
        assert (shown["close"] == 1.0 + shown["time"].dt.minute % 2).all()


def test_partitions_only_grow_and_only_of_topics_that_are_there(site: Site) -> None:
    site.send(STOCKS, [])
    result = site.run("topics", "--add-partitions", "stocks=3")
    assert (result.returncode, "stocks has 3 already" in result.stderr) == (2, True)
    result = site.run("topics", "--add-partitions", "flights=6")
    assert (result.returncode, "there is no topic flights" in result.stderr) == (1, True)
    assert site.run("topics", "--add-partitions", "stocks.dlq=2").returncode == 2
    assert partitions(site, "stocks") == 3


def test_retention_is_changed_and_asked_about_where_records_go(site: Site) -> None:
    site.send(STOCKS, [bar(0, 5.0)])
    result = site.run("topics", "--retention", "stocks=30d", stdin="n\n")
    assert result.returncode == 1
    assert "stocks: of 1 records those older than 30 d 0 h go" in result.stderr
    assert settings(site, "stocks") == ("-1", "delete")
    assert site.run("topics", "--retention", "stocks=30d", "--yes").stdout == "stocks: records are kept for 30 d 0 h\n"
    assert settings(site, "stocks") == ("2592000000", "delete")
    assert site.run("topics", "--retention", "stocks=forever").stdout == "stocks: records are kept forever\n"
    assert settings(site, "stocks") == ("-1", "delete")


def test_a_topic_is_made_with_the_partitions_of_the_settings(site: Site) -> None:
    """One that is there stays as it is."""
    config = site.folder / "config.yaml"
    produced = ("produce", "simulated", "AAPL", "--history", "0", "--count", "1", "--pace", "0")
    try:
        for count in (5, 2):
            config.write_text(f"partitions: {{stocks: {count}}}\n")
            result = site.run(*produced)
            assert result.returncode == 0, result.stderr
            assert partitions(site, "stocks") == 5
    finally:
        config.unlink()


def test_a_topic_is_made_with_its_retention(site: Site) -> None:
    produce = ("produce", "simulated", "AAPL", "--pace", "0", "--count", "1", "--history", "0")
    assert site.run(*produce, "--retention", "7d").returncode == 0
    assert settings(site, "stocks") == ("604800000", "delete")
    result = site.run(*produce, "--retention", "1d")
    assert result.returncode == 0
    assert "the topic stocks is there already, and keeps records for 7 d 0 h" in result.stderr
    assert site.run(*produce).stderr.count("there already, and keeps") == 0
    assert settings(site, "stocks") == ("604800000", "delete")


def test_a_compacted_topic_is_refused_until_it_is_set_right(site: Site) -> None:
    admin = AdminClient(site.connection)
    for name in (STOCKS.name, FLIGHTS.name):
        for future in admin.create_topics([NewTopic(name, 1, 1, config={"cleanup.policy": "compact"})]).values():
            future.result(120)
    produce = ("produce", "simulated", "AAPL", "--pace", "0", "--count", "1", "--history", "0")
    result = site.run(*produce)
    assert result.returncode == 1
    assert "the topic stocks is compacted" in result.stderr
    assert Admin(site.connection).summaries([STOCKS.name])[0].records == 0
    assert site.run("topics", "--retention", "stocks=forever").returncode == 0
    assert site.run(*produce).returncode == 0
