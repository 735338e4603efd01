"""Groups of options, each declared once as a dataclass, of which typer sees the options themselves."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Final, TypeVar, get_type_hints

F = TypeVar("F", bound=Callable[..., None])

_BY_NAME: Final = inspect.Parameter.KEYWORD_ONLY


if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class Declared:
    """An option for typer: its annotation and its default."""

    annotation: object
    default: object = inspect.Parameter.empty


def names_of(kind: type[DataclassInstance]) -> list[str]:
    """The names of a dataclass's fields."""
    return [field.name for field in fields(kind)]


def declared(kind: type[DataclassInstance]) -> Mapping[str, Declared]:
    """The options that a dataclass declares, by name."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        field.name: Declared(hints[field.name], inspect.Parameter.empty if field.default is MISSING else field.default)
        for field in fields(kind)
    }


def give_options(function: Callable[..., None], options: Mapping[str, Declared]) -> None:
    """Give a function the signature that typer reads: these options, all passed by name."""
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, _BY_NAME, default=option.default, annotation=option.annotation)
            for name, option in options.items()
        ]
    )
    function.__annotations__ = {name: option.annotation for name, option in options.items()}


def grouped(**groups: type[DataclassInstance]) -> Callable[[F], F]:
    """Let a command take dataclasses of options, each by the name of a parameter.

    ::

        @grouped(run=RunOptions)
        def csv(ctx: typer.Context, files: ..., *, run: RunOptions) -> None: ...
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def command(**given: object) -> None:
            for name, kind in groups.items():
                given[name] = kind(**{each: given.pop(each) for each in names_of(kind) if each in given})
            function(**given)

        hints = get_type_hints(function, include_extras=True)
        options = {
            name: Declared(hints[name], parameter.default)
            for name, parameter in inspect.signature(function).parameters.items()
            if name not in groups
        }
        for kind in groups.values():
            options |= declared(kind)
        give_options(command, options)
        del command.__wrapped__  # typer would look through to the dataclasses
        command.ungrouped = function  # type: ignore[attr-defined]
        return command  # type: ignore[return-value]

    return decorate


def regrouped(command: Callable[..., None], **groups: type[DataclassInstance]) -> Callable[..., None]:
    """A command that was made by `grouped`, with other dataclasses: each derived from the one that it had."""
    return grouped(**groups)(command.ungrouped)  # type: ignore[attr-defined,no-any-return]
