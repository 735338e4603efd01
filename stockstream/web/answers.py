"""Answers of the API: JSON as the page sends it, and errors as one line."""

from __future__ import annotations

from typing import Final

import msgspec
from fastapi import Response, status

_encode: Final = msgspec.json.Encoder().encode


def json(value: object) -> Response:
    """An answer in JSON; NaN becomes null."""
    return Response(_encode(value), media_type="application/json")


def problem(error: Exception, code: int = status.HTTP_400_BAD_REQUEST) -> Response:
    """The answer to a request that cannot be met."""
    return Response(_encode({"detail": str(error)}), code, media_type="application/json")
