"""The broker of a trial: a real one, behind a proxy."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from chaos.proxy import Proxy
from stockstream import processes
from stockstream.files import write_private
from stockstream.kafka.broker import Broker, free_port
from stockstream.kafka.filelock import FileLock
from stockstream.kafka.server_properties import HOST, TOPICS

_FORMATTED: Final[dict[str, bytes]] = {}
"""Files of a formatted data directory: Java formats it once for all brokers of this process."""


class ProxiedBroker(Broker):
    """A broker that gives its clients the address of a proxy, which leads to it.

    Parameters
    ----------
    data, classpath
        As for `Broker`.
    """

    def __init__(self, data: Path, classpath: Sequence[Path]) -> None:
        super().__init__(data, classpath, port=free_port(), heap="256m")
        self.proxy = Proxy(free_port(), self.port)

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"{HOST}:{self.proxy.port}"

    def _configure(self) -> None:
        super()._configure()
        file = self.data / "server.properties"
        result, proxied = f"advertised.listeners=BROKER://{HOST}:{self.port}", f"{HOST}:{self.proxy.port}"
        properties = file.read_text("ascii")
        assert result in properties
        write_private(file, properties.replace(result, f"advertised.listeners=BROKER://{proxied}").encode("ascii"))

    def _format(self, lock: FileLock) -> None:
        topics = self.data / TOPICS
        if not _FORMATTED:
            super()._format(lock)
            _FORMATTED.update(
                {name: (topics / name).read_bytes() for name in ("bootstrap.checkpoint", "meta.properties")}
            )
        for name, content in _FORMATTED.items():
            write_private(topics / name, content)

    def kill(self) -> None:
        """Kill it: SIGKILL."""
        if self.pid is not None:
            os.kill(self.pid, processes.KILL)

    def again(self) -> None:
        """Start it again; returns when topics can be created."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        self.proxy.__enter__()
        try:
            return super().__enter__()
        except BaseException:
            self.proxy.__exit__(None, None, None)
            raise

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self.proxy.__exit__(*error)
