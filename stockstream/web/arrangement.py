"""Arrangement: what a layout may hold. The page of whoever opens a shared one can trust it."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from stockstream.charts.theme import THEMES
from stockstream.names import cut

_MOST_CHARTS: Final = 4

_ZONE: Final = r"^([A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*)?$"
"""How names of time zones look. Browsers know others than this machine, such as old ones: a page ignores an unknown."""

_Key: TypeAlias = Annotated[str, Meta(max_length=200)]
_Keys: TypeAlias = Annotated[tuple[_Key, ...], Meta(max_length=20)]


class Watched(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A price level: its panel by name or place, its value, and whether it ends with its first crossing."""

    panel: Annotated[int, Meta(ge=0, le=100)] | _Key
    value: float
    once: bool = False


class Arranged(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A chart: series, studies, compared symbols, scale (0 plain, 1 logarithmic, 2 percent), and levels by symbol."""

    view: Literal["chart", "flights"] = "chart"
    airlines: Annotated[tuple[_Key, ...], Meta(max_length=100)] = ()
    symbol: _Key | None = None
    interval: _Key | None = None
    feed: _Key | None = None
    resample: _Key | None = None
    studies: _Keys | None = None
    compare: _Keys = ()
    mode: Literal[0, 1, 2] = 0
    levels: Annotated[dict[_Key, Annotated[tuple[Watched, ...], Meta(max_length=100)]], Meta(max_length=1_000)] = (
        msgspec.field(default_factory=dict)
    )


class Linked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the charts of a layout have in common."""

    symbol: bool = True
    time: bool = True
    crosshair: bool = True


class Arrangement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A layout: theme, time zone (empty: the exchange's), what is linked, and the charts."""

    theme: _Key | None = None
    zone: Annotated[str, Meta(max_length=64, pattern=_ZONE)] = ""
    linked: Linked | None = None
    charts: Annotated[tuple[Arranged, ...], Meta(max_length=_MOST_CHARTS)] = ()

    def __post_init__(self) -> None:
        if self.theme is not None and self.theme not in THEMES:
            raise ValueError(f"there is no theme {cut(self.theme)}: {', '.join(THEMES)}")


def arrangement(content: dict[str, object]) -> Arrangement:
    """What a page sent as a layout. Raises msgspec.ValidationError, a ValueError, with what is wrong and where."""
    return msgspec.convert(content, Arrangement)


def written(layout: Arrangement) -> str:
    """A layout as JSON, as it is kept."""
    return msgspec.json.encode(layout).decode()
