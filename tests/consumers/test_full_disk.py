"""A full disk: the window says that it saves nothing and continues, and saves again when there is room."""

from __future__ import annotations

from pathlib import Path

from tests.consumers.test_live import own_view, send
from tests.kafka.small_disk import on_small_disk
from tests.views.test_flights import rows

_WINDOW = """
import errno, sys
from dataclasses import replace
from pathlib import Path
from stockstream.consumers import live
from stockstream.kafka.publisher import Publisher
from stockstream.views.fold import Selection
from tests.kafka.streams import until
from tests.views.test_flights import AIRLINES, counted, rows, truth
from tests.consumers.test_live import own_view

folder, where, topic = Path(sys.argv[1]), {"bootstrap.servers": "BROKER"}, "TOPIC"
live._SAVE_EVERY = live._SAVE_AT_LATEST = 0.1
view = own_view()
view = replace(view, topic=replace(view.topic, name=topic))

def send(flights):
    with Publisher(view.topic, where) as publisher:
        for flight in flights:
            publisher.send(flight)

def run():
    return live.Live(view, Selection(AIRLINES), {}, where, folder / "states")

def ticked(running, condition, seconds=60):
    until(lambda: running.tick() is not None and condition(), seconds)

with run() as running:
    ticked(running, lambda: running.taken == 500)
    ticked(running, lambda: list(folder.rglob("checkpoint*")))
    with open(folder / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(1024))
        except OSError as error:
            assert error.errno == errno.ENOSPC
    send(rows(60_000)[500:])
    ticked(running, lambda: running.taken == 60_000 and "not saved" in running.status().note)
    print(running.status().note)
    assert counted(running.fold) == truth(rows(60_000))
    (folder / "filler").unlink()
    send(rows(60_100)[60_000:])
    ticked(running, lambda: running.taken == 60_100 and not running.status().note)
with run() as running:
    ticked(running, lambda: running.settled)
    print(running.taken, counted(running.fold) == truth(rows(60_100)), running.status().note)
"""


def test_a_window_on_a_full_disk_goes_on_and_saves_again_when_there_is_room(broker: str, tmp_path: Path) -> None:
    view = own_view()
    send(broker, view, rows(500))
    program = _WINDOW.replace("BROKER", broker).replace("TOPIC", view.topic.name)
    full, again = on_small_disk(program, tmp_path, kilobytes=256).splitlines()
    assert "not saved" in full
    assert "full" in full
    assert again == "0 True "
