"""Posts of any kind, a line each: JSON, or bare words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from stockstream.errors import BadRow
from stockstream.producers.news.headline import about, headline
from stockstream.producers.readings.reading import instant
from stockstream.records import News


def posts(
    lines: Iterable[tuple[int, bytes] | None], symbols: Sequence[str], now: Callable[[], datetime]
) -> Iterator[News | BadRow | None]:
    """The headlines of numbered lines; a None for a None.

    A JSON object has ``title`` (or ``text``), and may have ``symbol``, ``time``, ``url``, ``id`` and ``source``. A line
    that is no object is a title. Without a time it counts at its arrival; without a symbol it is of those named in it.
    """
    for numbered in lines:
        if numbered is None:
            yield None
            continue
        number, line = numbered
        if not line.strip():
            continue
        try:
            yield from _post(line, symbols, now())
        except (ValueError, msgspec.MsgspecError) as error:
            yield BadRow("standard input", number, None, str(error), raw=line)


def _post(line: bytes, symbols: Sequence[str], now: datetime) -> list[News]:
    text = line.decode()
    fields: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any]) if text.lstrip().startswith("{") else {}
    title = fields.get("title") or fields.get("text") if fields else text
    if not isinstance(title, str) or not title.strip():
        raise ValueError("it has no title")
    time = instant(fields["time"]) if fields.get("time") is not None else now
    named = fields.get("symbol")
    if named is not None and not isinstance(named, str):
        raise ValueError("its symbol is no text")
    wanted = [each for each in symbols if each == named] if named else about(title, symbols)
    url, known_by = (None if fields.get(name) is None else str(fields[name]) for name in ("url", "id"))
    source = str(fields.get("source") or "stdin")
    return [headline(symbol, time, title, source=source, url=url, identity=known_by) for symbol in wanted]
