"""Sources of settings: nested values of a YAML file or the environment, each with its file and line or variable."""

from __future__ import annotations

import re
import reprlib
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

import yaml

from stockstream.errors import ConfigError
from stockstream.names import nearest

KeyPath: TypeAlias = tuple[str, ...]


HIDDEN: Final = "***"
"""Stands for a secret."""

MOST_BYTES: Final = 256_000
"""The largest file that is taken for settings; the shipped one has 4,000 bytes."""

_MOST_KEYS: Final = 10_000
"""Keys that a file may have: aliases that name aliases make billions of a few lines."""


@dataclass(frozen=True)
class Origin:
    """Where a value comes from; ``location`` is ``config.yaml:3``, the variable or the option, empty for a default."""

    kind: Literal["default", "file", "environment", "option"] = "default"
    location: str = ""

    def __str__(self) -> str:
        return self.location or self.kind


@dataclass(frozen=True)
class Layer:
    """Nested values of one origin, and the location of each key: a line of ``file``, a variable or an option."""

    kind: Literal["file", "environment", "option"]
    values: Mapping[str, object] = field(default_factory=dict)
    locations: Mapping[KeyPath, str] = field(default_factory=dict)
    file: Path | None = None

    def holds(self, path: KeyPath) -> bool:
        """Whether the value at this path is written in this layer."""
        value: object = self.values
        for step in path:
            if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            elif isinstance(value, Mapping) and step in value:
                value = value[step]
            else:
                return False
        return True

    def location(self, path: KeyPath) -> str | None:
        """The location of the key, else of the nearest section above it; None where none of them is written here."""
        above = (path[:end] for end in range(len(path), 0, -1))
        return next((self.locations[key] for key in above if key in self.locations), None)

    def below(self, path: KeyPath) -> str | None:
        """The location of a key within the section at this path; None where there is none."""
        return next((location for key, location in self.locations.items() if key[: len(path)] == path), None)

    def describe(self, location: str) -> str:
        """A location as an error names it."""
        words = {"file": f"{self.file}, line ", "environment": "environment variable ", "option": "option "}
        return words[self.kind] + location


@dataclass(frozen=True)
class Origins:
    """Where each value comes from: the settings' file, and the layers in which it may be written; the last wins."""

    layers: Sequence[Layer] = ()
    file: Path | None = None

    def of(self, path: KeyPath) -> Origin:
        """Where the effective value at this path was written."""
        for layer in reversed(self.layers):
            if layer.holds(path):
                location = layer.location(path) or ""
                return Origin(layer.kind, f"{layer.file}:{location}" if layer.kind == "file" else location)
        return Origin()

    def where(self, path: KeyPath) -> str:
        """As an error names it: ``config.yaml, line 3``, the variable or option; "the settings" for a default."""
        for end in range(len(path), 0, -1):
            holding = [layer for layer in reversed(self.layers) if layer.holds(path[:end])]
            # What is not a section although a later layer has one there is written at that path itself, and is wrong.
            for find in (Layer.location, Layer.below):
                for layer in holding:
                    location = find(layer, path[:end])
                    if location is not None:
                        return layer.describe(location)
        return "the settings"

    def unknown(self, path: KeyPath, known: Iterable[str]) -> ConfigError:
        """The error for an unknown key, with the nearest valid one."""
        names = sorted(known)
        near = nearest(path[-1], names)
        hint = f"did you mean {near}?" if near else f"known here: {', '.join(names)}"
        return ConfigError(f"{self.where(path)}: unknown key {'.'.join(path)}", hint=hint)

    def wrong(self, path: KeyPath, expected: str) -> ConfigError:
        """The error for an invalid value; ``expected`` continues after the key: "should be ..."."""
        return ConfigError(f"{self.where(path)}: {'.'.join(path)} {expected}")


def merge(*layers: Mapping[str, object]) -> dict[str, object]:
    """Lay nested values over each other; the later wins, key by key.

    A value in the place of a later layer's section is kept, so that the checks find it.

    >>> merge({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}})
    {'a': {'b': 1, 'c': 3}}
    """
    merged: dict[str, object] = {}
    for layer in layers:
        for key, value in layer.items():
            below = merged.get(key)
            if isinstance(below, Mapping) and isinstance(value, Mapping):
                merged[key] = merge(below, value)
            elif below is None or not isinstance(value, Mapping):
                merged[key] = value
    return merged


def nested(path: KeyPath, value: object) -> dict[str, object]:
    """A value at its path.

    >>> nested(("a", "b"), 1)
    {'a': {'b': 1}}
    """
    values: dict[str, object] = {path[-1]: value}
    for step in reversed(path[:-1]):
        values = {step: values}
    return values


def parsed(text: str) -> object:
    """The value that a text is behind the colon of a YAML file; a text that is not YAML is itself."""
    try:
        value: object = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        return text
    return value


def read(file: Path) -> tuple[dict[str, object], dict[KeyPath, int]]:
    """The values of a YAML file and the lines of their keys, counted from 1.

    Raises ConfigError, which names the file and the line but never quotes it: it may contain a secret.
    """
    text = _text(file)
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        lines = _lines(root, file)
        values = loader.construct_document(root) if lines else {}
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{file}, line {line}: this is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError:
        raise ConfigError(f"{file} is not YAML: it holds control characters") from None
    except RecursionError:
        raise ConfigError(f"{file} is nested too deeply") from None
    except ValueError as error:
        said = str(error).partition(";")[0]  # what follows tells how to change Python
        raise ConfigError(f"{file} holds an invalid value: {said}") from None
    return {str(key): value for key, value in values.items()}, lines


def _text(file: Path) -> str:
    """The text of a file of settings. No more of it is read than settings can be: it may be endless."""
    try:
        # Nobody may ever write to a pipe; one of the shell's, as `--config <(...)` makes it, is written to.
        if stat.S_ISFIFO(file.stat().st_mode) and not file.is_relative_to("/dev"):
            raise ConfigError(f"{file} is a pipe, not a file")
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise ConfigError(f"{file} has more than {MOST_BYTES:,} bytes: no settings are that long")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is not text in UTF-8") from None


def _lines(root: yaml.Node | None, file: Path) -> dict[KeyPath, int]:
    lines: dict[KeyPath, int] = {}
    if root is not None and not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{file}, line {root.start_mark.line + 1}: expected keys and values, as in 'key: value'")
    if root is not None:
        _locate(root, (), file, lines)
    return lines


def _locate(node: yaml.MappingNode, above: KeyPath, file: Path, lines: dict[KeyPath, int]) -> None:
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigError(f"{file}, line {key.start_mark.line + 1}: a key is a word")
        path = (*above, str(key.value))
        line = key.start_mark.line + 1
        if path in lines:
            raise ConfigError(f"{file}, line {line}: {'.'.join(path)} is already on line {lines[path]}")
        if len(lines) >= _MOST_KEYS:
            raise ConfigError(f"{file}, line {line}: more than {_MOST_KEYS:,} keys are no settings")
        lines[path] = line
        if isinstance(value, yaml.MappingNode):
            _locate(value, path, file, lines)
        elif isinstance(value, yaml.SequenceNode):
            # Of a list, the sections in it have lines of their own: ("alerts", "rules", "0", "when").
            for number, each in enumerate(value.value):
                if isinstance(each, yaml.MappingNode):
                    lines[*path, str(number)] = each.start_mark.line + 1
                    _locate(each, (*path, str(number)), file, lines)


class Entry(NamedTuple):
    """A setting: its path, its effective value (asterisks for a secret) and where that was written."""

    path: KeyPath
    value: object
    origin: Origin


def excerpt(value: object) -> str:
    """A wrong value, cut to a line; who names a user and a password before a host does not see them again."""
    brief = reprlib.Repr()
    brief.maxstring = brief.maxother = 60
    brief.maxlist = brief.maxdict = 4
    try:
        text = brief.repr(value)
    except ValueError:  # Python refuses to write out a whole number of thousands of digits
        return "a number of too many digits"
    return re.sub(r"[^\s/,'\"@]+@", f"{HIDDEN}@", text)
