"""``reset``: what it deletes, and what it keeps."""

from __future__ import annotations

import shutil
from pathlib import Path

from stockstream.kafka.admin import Admin
from stockstream.kafka.publisher import Publisher
from stockstream.topics import FLIGHTS, STOCKS
from stockstream.views.checkpoint import Checkpoint
from tests.cli.records import flight
from tests.kafka.streams import own_topic
from tests.site import Site
from tests.views.bars import walk


def saved_state(site: Site, cluster: str, view: str) -> Path:
    """A state as a window leaves it."""
    folder = site.folder / "state" / cluster / view / "AAPL"
    Checkpoint(folder).close()
    return folder


def test_it_lists_what_goes_and_asks_first(site: Site) -> None:
    site.send(STOCKS, walk(30))
    cluster = Admin(site.connection).cluster_id()
    shutil.rmtree(site.folder / "state" / cluster, ignore_errors=True)  # of other tests
    state = saved_state(site, cluster, "bollinger")
    result = site.run("reset", stdin="n\n")
    assert result.returncode == 1
    assert result.stderr.splitlines()[:4] == [
        f"On {site.bootstrap_servers} this will be deleted permanently:",
        "  topic stocks: 30 records",
        "  topic stocks.dlq: 0 records",
        f"  state {state}",
    ]
    assert "nothing was deleted" in result.stderr
    assert STOCKS.name in Admin(site.connection).names()
    assert state.exists()
    assert site.run("reset", stdin="").returncode == 1, "no answer is no"


def test_our_topics_and_states_go_and_everything_else_stays(site: Site) -> None:
    other = own_topic()
    site.send(STOCKS, walk(3))
    site.send(FLIGHTS, [flight(0)])
    with Publisher(other, site.connection):
        pass
    state = saved_state(site, Admin(site.connection).cluster_id(), "aroon")
    elsewhere = saved_state(site, "another-cluster", "aroon")
    assert site.run("reset", stdin="y\n").returncode == 0
    names = Admin(site.connection).names()
    assert not {STOCKS.name, STOCKS.dead_letters, FLIGHTS.name, FLIGHTS.dead_letters} & names
    assert other.name in names
    assert not state.exists()
    assert elsewhere.exists()
    assert (site.folder / "state" / "logs" / "reset.log").exists()
    again = site.run("reset", "--yes")
    assert (again.returncode, again.stderr) == (0, "nothing to delete\n")


def test_yes_does_not_ask(site: Site) -> None:
    site.send(STOCKS, walk(3))
    result = site.run("reset", "--yes")
    assert result.returncode == 0
    assert result.stdout == "deleted: 2 topics, 0 states\n"


def test_a_state_that_a_window_uses_stops_it_before_anything_is_deleted(site: Site) -> None:
    site.send(STOCKS, walk(3))
    folder = site.folder / "state" / Admin(site.connection).cluster_id() / "aroon" / "MSFT"
    window = Checkpoint(folder)
    result = site.run("reset", "--yes")
    window.close()
    assert result.returncode == 1
    assert f"the state {folder} is in use by a window - close the windows first" in result.stderr
    assert STOCKS.name in Admin(site.connection).names()
    assert site.run("reset", "--yes").returncode == 0
