"""Nested values and where each was written: a YAML file, the environment; what `stockstream.config` is laid from."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from stockstream.errors import ConfigError

KeyPath: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Origins:
    """Where each value comes from: the line of its key in the file, its variable, or an option."""

    file: Path | None = None
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    variables: Mapping[KeyPath, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def where(self, path: KeyPath) -> str:
        """``config.yaml, line 3``, the variable, "the options", or "the settings" for what none of them holds."""
        above = [path[:end] for end in range(len(path), 0, -1)]
        if path[0] in self.options:
            return "the options"
        within = [key for key in self.variables if key[: len(path)] == path and path not in self.lines]
        for key in within + above:
            if key in self.variables:
                return f"environment variable {self.variables[key]}"
        for key in above:
            if key in self.lines:
                return f"{self.file}, line {self.lines[key]}"
        return "the settings"

    def unknown(self, path: KeyPath, known: Iterable[str]) -> ConfigError:
        """The error for a key that does not exist, with the nearest of those that may stand in its place."""
        names = sorted(known)
        near = nearest(path[-1], names)
        hint = f"did you mean {near}?" if near else f"known here: {', '.join(names)}"
        return ConfigError(f"{self.where(path)}: unknown key {'.'.join(path)}", hint=hint)

    def wrong(self, path: KeyPath, expected: str) -> ConfigError:
        """The error for a value that cannot be; ``expected`` goes on from the key: "should be ..."."""
        return ConfigError(f"{self.where(path)}: {'.'.join(path)} {expected}")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one among the names that exist which may have been meant; None where none is near.

    >>> nearest("perod", ["width", "period"])
    'period'
    """
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return near[0] if near else None


def merge(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Lay nested values over each other; the later wins, key by key.

    What is no section although a later layer has one there stays as it is, to be found by whoever checks.

    >>> merge({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}})
    {'a': {'b': 1, 'c': 3}}
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = merged.get(key)
            if isinstance(below, Mapping) and isinstance(value, Mapping):
                merged[key] = merge(below, value)
            elif below is None or not isinstance(value, Mapping):
                merged[key] = value
    return merged


def nested(path: KeyPath, value: object) -> dict[str, Any]:
    """A value at its place.

    >>> nested(("a", "b"), 1)
    {'a': {'b': 1}}
    """
    values: dict[str, Any] = {path[-1]: value}
    for step in reversed(path[:-1]):
        values = {step: values}
    return values


def parsed(text: str) -> object:
    """The value that a text is behind the colon of a YAML file; a text that is no YAML is itself."""
    try:
        value: object = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return value


def read(file: Path) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    """The values of a YAML file and the lines of their keys, counted from 1.

    Raises ConfigError, which names the file and the line but never quotes it: a secret may stand there.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not text in UTF-8") from None
    try:
        root = yaml.compose(text, yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{file}, line {line}: this is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError:
        raise ConfigError(f"{file} is not YAML: it holds characters that no text has") from None
    if root is None:
        return {}, {}
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{file}, line {root.start_mark.line + 1}: keys and values are wanted, as in 'key: value'")
    lines: dict[KeyPath, int] = {}
    _locate(root, (), file, lines)
    return {str(key): value for key, value in values.items()}, lines


def _locate(node: yaml.MappingNode, above: KeyPath, file: Path, lines: dict[KeyPath, int]) -> None:
    for key, value in node.value:
        path = (*above, str(key.value))
        line = key.start_mark.line + 1
        if path in lines:
            raise ConfigError(f"{file}, line {line}: {'.'.join(path)} stands on line {lines[path]} already")
        lines[path] = line
        if isinstance(value, yaml.MappingNode):
            _locate(value, path, file, lines)
