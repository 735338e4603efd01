"""Layers of the settings: the user's own file, that of the folder or of ``--config``, the environment, the options.

They are merged and not checked yet: `stockstream.config` does that, with pydantic, which takes long to import.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import platformdirs

from stockstream.config_sources import KeyPath, Layer, Origins, merge, nested, parsed, read
from stockstream.credentials import SERVERS, refuse_open_to_others
from stockstream.errors import ConfigError
from stockstream.files import HomeUnknown, expanded

PREFIX: Final = "STOCKSTREAM_"
"""What the names of our environment variables begin with."""

DEFAULT_FILE: Final = Path("config.yaml")
"""Read if it is in the working directory and no other file is named."""

PATHS: Final = ("state_dir", "data_dir", "cache_dir", "secrets_file", "credentials_dir")
"""Settings that are paths."""

SECRET: Final = re.compile(r".*(password|secret|passphrase|key\.pem)|sasl\.oauthbearer\.config")
"""Names of those properties of Kafka that are secrets."""

# A Kubernetes service called "stockstream" puts these into every container of its namespace.
_FOREIGN: Final = re.compile(r"SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_.*)?")


def own_file() -> Path:
    """The settings of the user, beneath those of a folder: read wherever the program is started."""
    return platformdirs.user_config_path("stockstream", appauthor=False) / "config.yaml"


@dataclass(frozen=True)
class Layers:
    """All that is written, and where.

    Parameters
    ----------
    origins
        The layers, the last of which wins, and the settings' file.
    named
        The file that the user named, if any.
    ignored
        What is written but not heeded, and what to do about it, for the user.
    """

    origins: Origins
    named: Path | None = None
    ignored: tuple[str, ...] = ()

    @cached_property
    def values(self) -> dict[str, Any]:
        """The layers, merged."""
        return merge(*(layer.values for layer in self.origins.layers))

    @property
    def plugins(self) -> tuple[Path, ...]:
        """The files of plug-ins; none if the value is no list of paths, which is an error of the settings."""
        written = self.values.get("plugins")
        is_list = isinstance(written, list) and all(isinstance(each, Path) for each in written)
        return tuple(written or ()) if is_list else ()


def gather(
    path: Path | None = None,
    overrides: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
    own: Path | None = None,
) -> Layers:
    """Read all layers; parameters and errors are those of `stockstream.config.load`."""
    ignored: list[str] = []
    named = path
    own = own or own_file()
    layers = [_read(own)] if own.is_file() else []
    if path is not None:
        layers.append(_read(path))
    elif DEFAULT_FILE.is_file():
        path = DEFAULT_FILE
        layers.append(_without_plugins(_read(path), ignored))
    for layer in layers:
        for key in layer.locations:
            if key[0] == "kafka" and SECRET.fullmatch(key[-1]):
                raise _misplaced(Origins([layer], layer.file), key)
    over = [_without_plugins(_environment(environ), ignored), _options(overrides or {})]
    secrets_file = merge(*(layer.values for layer in (*layers, *over))).get("secrets_file")
    if secrets_file:
        try:
            layers.append(_secrets(expanded(str(secrets_file))))
        except HomeUnknown as error:
            raise Origins([*layers, *over], path).wrong(("secrets_file",), f"is {error}") from None
    return Layers(Origins([*layers, *over], path), named, tuple(ignored))


def _without_plugins(layer: Layer, ignored: list[str]) -> Layer:
    if not layer.values.get("plugins"):
        return layer
    where = layer.describe(layer.location(("plugins",)) or "")
    ignored.append(
        f"{where}: plugins are not loaded from here, as they are code - name the file with --config, or put them into"
        f" {own_file()}"
    )
    return replace(layer, values={name: value for name, value in layer.values.items() if name != "plugins"})


def _misplaced(origins: Origins, path: KeyPath) -> ConfigError:
    name = ".".join(path[1:])
    variable = f"{PREFIX}KAFKA__{name.upper().replace('.', '_')}"
    return ConfigError(
        f"{origins.where(path)}: kafka.{name} is a secret and does not belong in this file",
        hint=f"set {variable} in the environment, or put it into a file of mode 0600 and name that as secrets_file",
    )


def _environment(environ: Mapping[str, str]) -> Layer:
    """The nested values of our variables, and their names. One that is empty counts as not set."""
    values: dict[str, object] = {}
    variables: dict[KeyPath, str] = {}
    for name in sorted(environ):
        key = name.removeprefix(PREFIX)
        if key == name or not environ[name] or _FOREIGN.fullmatch(key):
            continue
        path: KeyPath = tuple(key.lower().split("__"))
        value = parsed(environ[name])
        if path[0] == "kafka" and len(path) > 1:
            # librdkafka's names have dots, which no variable can have; a password is a text whatever it looks like.
            path, value = ("kafka", ".".join(path[1:]).replace("_", ".")), environ[name]
        variables[path] = name
        values = merge(values, nested(path, value))
    return Layer("environment", values, variables)


def _options(values: Mapping[str, object]) -> Layer:
    return Layer("option", values, {(name,): f"--{name.replace('_', '-')}" for name in values})


def _secrets(file: Path) -> Layer:
    secrets, lines = read(file)
    refuse_open_to_others(file)
    locations: dict[KeyPath, str] = {("kafka", *key): str(line) for key, line in lines.items()}
    values: dict[str, Any] = {"kafka": secrets}
    if SERVERS in secrets:  # a role's file of a secure broker says where that is
        values["bootstrap_servers"] = secrets.pop(SERVERS)
        locations["bootstrap_servers",] = locations.pop(("kafka", SERVERS))
    return Layer("file", values, locations, file)


def _read(file: Path) -> Layer:
    """The file's values, its relative paths made to start from the file's folder."""
    values, lines = read(file)
    locations = {key: str(line) for key, line in lines.items()}

    def from_here(text: str, *key: str) -> Path:
        try:
            return file.parent / expanded(text)
        except HomeUnknown as error:
            raise Origins([Layer("file", values, locations, file)], file).wrong(key, f"is {error}") from None

    for name in PATHS:
        if isinstance(path := values.get(name), str):
            values[name] = from_here(path, name)
    named = values.get("plugins")
    if isinstance(named, list) and all(isinstance(each, str) for each in named):
        values["plugins"] = [from_here(each, "plugins") for each in named]
    tables = values.get("tables")
    if isinstance(tables, dict) and isinstance(tables.get("dir"), str) and "://" not in tables["dir"]:
        tables["dir"] = str(from_here(tables["dir"], "tables", "dir"))
    return Layer("file", values, locations, file)
