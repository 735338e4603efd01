"""Names of vertical axes: what a panel's numbers are, of prices and of readings."""

from __future__ import annotations

from stockstream.names import harmless

PRICE = "price"
VOLUME = "volume"


def axis_name(name: str, measure: str | None) -> str:
    """The name of a panel's axis; ``measure`` is what the numbers are, where they are no prices.

    >>> axis_name("price", None), axis_name("price", "°C"), axis_name("volume", "°C"), axis_name("RSI", "°C")
    ('price', '°C', 'readings', 'RSI')
    """
    if measure is None:
        return name
    return {PRICE: harmless(measure), VOLUME: "readings"}.get(name, name)
