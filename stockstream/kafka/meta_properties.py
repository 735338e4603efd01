"""What a data directory was formatted with: ids of its cluster and of its node."""

from __future__ import annotations

import base64
import uuid
from pathlib import Path

from stockstream.kafka.server_properties import TOPICS


def new_cluster_id() -> str:
    """Make one up: 16 random bytes in base64."""
    # One that begins with "-" is taken for an option by many a tool.
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")


def formatted_as(data: Path, name: str) -> str | None:
    """What a data directory was formatted with under this name: ``cluster.id``, ``node.id``; None where it was not."""
    try:
        lines = (data / TOPICS / "meta.properties").read_text("utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return next((line.removeprefix(f"{name}=") for line in lines if line.startswith(f"{name}=")), None)
