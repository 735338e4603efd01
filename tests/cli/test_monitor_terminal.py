"""``monitor`` on a terminal: its own screen, keys, and a restored terminal afterwards."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from stockstream.topics import STOCKS
from tests.cli.helpers import until
from tests.cli.terminal import Terminal
from tests.site import Site
from tests.views.bars import walk

ALTERNATE, MAIN, CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"


@pytest.fixture
def terminal(site: Site) -> Iterator[Terminal]:
    site.send(STOCKS, walk(3))
    opened = Terminal(site, ["monitor", "--prometheus", "0"])
    yield opened
    opened.close()


def test_it_gets_a_screen_that_is_kept_fresh(terminal: Terminal) -> None:
    terminal.until("PARTITIONS")
    assert terminal.shown.count(ALTERNATE) == 1
    screen = terminal.shown.rpartition("stockstream monitor")[2]
    assert "q ends" in screen
    assert "metrics at http://127.0.0.1:" in screen
    assert re.search(r"stocks +3 ", screen)
    terminal.shown = ""
    for _ in range(2):
        terminal.until("stockstream monitor")
        terminal.shown = terminal.shown.rpartition("stockstream monitor")[2]


@pytest.mark.parametrize(
    ("how", "code"), [("q", 0), ("\x03", 130), (signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_however_it_ends_the_terminal_is_as_it_was(terminal: Terminal, how: str | signal.Signals, code: int) -> None:
    terminal.until("PARTITIONS")
    assert terminal.modes != terminal.before, "no key is echoed into the screen"
    if isinstance(how, str):
        terminal.press(how)
    else:
        terminal.process.send_signal(how)
    assert terminal.end() == code
    assert terminal.modes == terminal.before
    before, left, after = terminal.shown.rpartition(MAIN)
    assert left
    assert CURSOR in before.rpartition("PARTITIONS")[2] + after
    assert after.replace(CURSOR, "").strip() == ""
    assert "Traceback" not in terminal.shown


def test_it_takes_keys_again_when_it_was_stopped_for_a_while(terminal: Terminal) -> None:
    terminal.until("PARTITIONS")
    ours = terminal.modes
    terminal.process.send_signal(signal.SIGSTOP)
    terminal.modes = terminal.before
    terminal.process.send_signal(signal.SIGCONT)
    until(lambda: terminal.modes == ours)
    terminal.press("q")
    assert terminal.end() == 0
    assert terminal.modes == terminal.before


def test_the_log_and_not_the_screen_is_reported_of_what_goes_wrong(tmp_path: Path) -> None:
    site = Site(tmp_path, "127.0.0.1:1")
    opened = Terminal(site, ["monitor"])
    try:
        opened.until("waiting for broker 127.0.0.1:1 since ")
        opened.press("q")
        assert opened.end() == 0
    finally:
        opened.close()
    assert "FAIL" not in opened.shown
    assert "no overview: " in (tmp_path / "state" / "logs" / "monitor.log").read_text()
