"""Attempts to change a Delta table: again after a failure that passes, and once though an answer gets lost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeAlias

from stockstream.errors import TableError
from stockstream.tables.refusals import FAILURES, is_passing, plain, translation

LOG: Final = logging.getLogger(__name__)

Sleep: TypeAlias = Callable[[float], None]

TRIES: Final = 5
FIRST_PAUSE: Final = 0.5
"""Seconds before the second attempt; each later pause is twice as long."""


def attempt(change: Callable[[], None], is_made: Callable[[], bool], uri: str, sleep: Sleep) -> None:
    """Change a table, unless it is changed already.

    Parameters
    ----------
    change
        Makes the change; raises what delta-rs does.
    is_made
        Whether the table as it is now has the change; asked before each attempt, and after the last one: a change may
        have been made although it failed.
    uri
        The table.
    sleep
        Waits between two attempts.

    Raises
    ------
    TableError
        The table cannot be changed.
    """
    pause = FIRST_PAUSE
    for number in range(1, TRIES + 1):
        try:
            if not is_made():
                change()
            return
        except FAILURES as error:
            LOG.warning("%s: a commit failed: %s", uri, plain(error))
            if number == TRIES or not is_passing(error):
                with suppress(*FAILURES, TableError):
                    if is_made():
                        return
                raise translation(error, "write to the table", uri) from error
            sleep(pause)
            pause *= 2
