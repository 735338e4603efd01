"""Layers of the settings: what a file, the environment, the options and the file of secrets say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from stockstream.config_sources import KeyPath, Layer, merge, nested, parsed, read
from stockstream.credentials import SERVERS, refuse_open_to_others

PREFIX: Final = "STOCKSTREAM_"
"""What the names of our environment variables begin with."""

PATHS: Final = ("state_dir", "data_dir", "cache_dir", "secrets_file", "credentials_dir")
"""The keys whose values are paths, relative to the folder of the file."""

# A Kubernetes service called "stockstream" puts these into every container of its namespace.
_FOREIGN: Final = re.compile(r"SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_.*)?")


def environment(environ: Mapping[str, str]) -> Layer:
    """The nested values of our variables, and their names. One that is empty counts as not set."""
    values: dict[str, Any] = {}
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


def options(values: Mapping[str, Any]) -> Layer:
    """The values of options of the command line."""
    return Layer("option", values, {(name,): f"--{name.replace('_', '-')}" for name in values})


def secrets(file: Path) -> Layer:
    """The secrets of a file that only its owner can read. Raises `ConfigError` for one that others can."""
    told, lines = read(file)
    refuse_open_to_others(file)
    locations: dict[KeyPath, str] = {("kafka", *key): str(line) for key, line in lines.items()}
    values: dict[str, Any] = {"kafka": told}
    if SERVERS in told:  # a role's file of a secure broker says where that is
        values["bootstrap_servers"] = told.pop(SERVERS)
        locations["bootstrap_servers",] = locations.pop(("kafka", SERVERS))
    return Layer("file", values, locations, file)


def file_layer(file: Path) -> Layer:
    """The file's values, its relative paths made to start from the file's folder."""
    values, lines = read(file)
    for name in PATHS:
        if isinstance(values.get(name), str):
            values[name] = file.parent / Path(values[name]).expanduser()
    named = values.get("plugins")
    if isinstance(named, list) and all(isinstance(each, str) for each in named):
        values["plugins"] = [file.parent / Path(each).expanduser() for each in named]
    tables = values.get("tables")
    if isinstance(tables, dict) and isinstance(tables.get("dir"), str) and "://" not in tables["dir"]:
        tables["dir"] = str(file.parent / Path(tables["dir"]).expanduser())
    return Layer("file", values, {key: str(line) for key, line in lines.items()}, file)
