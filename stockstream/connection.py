"""How a Kafka client reaches the broker and says who it is: librdkafka's properties by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Property: TypeAlias = str | int | float | bool
"""Value of a property of librdkafka."""

Connection: TypeAlias = Mapping[str, Property]
"""Properties such as ``bootstrap.servers``, secrets in the clear: never print one."""
