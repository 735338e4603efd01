"""Groups of options that several ``produce`` commands share, declared once as a structure."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any, TypeVar, get_type_hints

F = TypeVar("F", bound=Callable[..., None])


def grouped(**groups: type[Any]) -> Callable[[F], F]:
    """Let a command take structures of options, each by the name of a parameter: typer sees the options themselves.

    ::

        @grouped(run=RunOptions)
        def csv(ctx: typer.Context, files: ..., *, run: RunOptions) -> None: ...
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def command(*args: Any, **given: Any) -> None:
            for name, kind in groups.items():
                given[name] = kind(**{each.name: given.pop(each.name) for each in fields(kind) if each.name in given})
            function(*args, **given)

        own = inspect.signature(function).parameters
        hints = get_type_hints(function, include_extras=True)
        by_keyword = inspect.Parameter.KEYWORD_ONLY
        parameters = [
            parameter.replace(annotation=hints[name]) for name, parameter in own.items() if name not in groups
        ]
        for kind in groups.values():
            declared = get_type_hints(kind, include_extras=True)
            parameters += [
                inspect.Parameter(each.name, by_keyword, default=each.default, annotation=declared[each.name])
                for each in fields(kind)
            ]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        del command.__wrapped__  # typer would look through to the structures
        return command  # type: ignore[return-value]

    return decorate
