"""Kinds of faults, a small class each; a new file of this package is found automatically."""

from __future__ import annotations

import inspect
import pkgutil
from functools import cache
from importlib import import_module
from typing import cast

from chaos.faults.fault import Fault


@cache
def kinds() -> dict[str, Fault]:
    """All kinds by name."""
    found: dict[str, Fault] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        for kind in vars(import_module(module.name)).values():
            if inspect.isclass(kind) and Fault in kind.__mro__[1:] and "name" in vars(kind):
                fault = cast("Fault", kind())
                found[fault.name] = fault
    return dict(sorted(found.items()))
