"""Answers of the API: JSON as the page sends it, and errors as one line."""

from __future__ import annotations

from typing import Final

import msgspec
from fastapi import Response, status

_encode: Final = msgspec.json.Encoder().encode


def json(value: object) -> Response:
    """An answer in JSON; NaN becomes null."""
    return Response(_encode(value), media_type="application/json")


def one_line(error: Exception) -> str:
    """An error, with what to do about it."""
    hint = getattr(error, "hint", None)
    return f"{error} - {hint}" if hint else str(error)


def problem(error: Exception, code: int = status.HTTP_400_BAD_REQUEST) -> Response:
    """The answer to a request that cannot be met."""
    return Response(_encode({"detail": one_line(error)}), code, media_type="application/json")
