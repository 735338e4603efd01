"""Roles: what a person or a script may do on the page."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """A viewer looks; an analyst also keeps layouts and acknowledges alerts; an admin also manages users."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"

    def covers(self, other: Role) -> bool:
        """Whether it may do all that another role may.

        >>> Role.ADMIN.covers(Role.VIEWER), Role.VIEWER.covers(Role.ANALYST)
        (True, False)
        """
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER: Final = (Role.VIEWER, Role.ANALYST, Role.ADMIN)
