"""Detection of other simulators: two simulators of one series replace each other's bars."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from hashlib import sha256

from filelock import FileLock, Timeout

from stockstream.cli.context import Context
from stockstream.files import private_folder
from stockstream.records import Series

log = logging.getLogger(__name__)


@contextmanager
def noticed(context: Context, series: Sequence[Series]) -> Iterator[None]:
    """Lock series for this simulator, and warn of series that another simulator of this user sends.

    There is a lock for each series, in a folder of the cluster; it is released when its process ends, in any way.
    """
    folder = context.settings.state_dir / context.outlet.cluster_id() / "simulated"
    others: list[Series] = []
    with ExitStack() as stack:
        for one in series:
            try:
                private_folder(folder)
                name = sha256(str(one).encode()).hexdigest()[:16]  # a valid file name for any symbol
                stack.enter_context(FileLock(folder / f"{name}.lock", timeout=0, mode=0o600))
            except Timeout:
                others.append(one)
            except OSError as error:
                log.warning("other simulators are not noticed: %s", error)
        if others:
            named = ", ".join(map(str, others))
            context.reporter.warn(
                f"another simulator sends {named}: of two bars of one time the later one counts - end one of them"
            )
        yield
