"""Work that many threads do at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

from stockstream.errors import StockstreamError


def at_once(count: int, work: Callable[[int], object]) -> list[object]:
    """What it returns, or the error that it raises, on so many threads that begin together."""
    found: list[object] = []
    together = threading.Barrier(count)

    def run(number: int) -> None:
        together.wait()
        try:
            found.append(work(number))
        except StockstreamError as error:
            found.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
