"""The settings: defaults, then config.yaml, then the environment, then options; the later wins.

Every key can stand in the file and, as ``STOCKSTREAM_<KEY>`` with ``__`` between the levels, in the environment; the
value is written there as behind the colon in the file. Each error names the file and line, or the variable.
"""

from __future__ import annotations

import os
import re
import reprlib
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

import platformdirs
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    PrivateAttr,
    SecretStr,
    ValidationError,
)

from stockstream.errors import ConfigError
from stockstream.intervals import FORM, YAHOO, is_interval
from stockstream.layers import KeyPath, Layer, Origin, Origins, merge, nested, parsed, read

PREFIX: Final = "STOCKSTREAM_"
"""What the names of our environment variables begin with."""

DEFAULT_FILE: Final = Path("config.yaml")
"""Read where it stands in the working directory and no other file is named."""

_EXPECTED: Final = {
    "int_parsing": "should be a whole number",
    "int_from_float": "should be a whole number",
    "int_type": "should be a whole number",
    "float_parsing": "should be a number",
    "float_type": "should be a number",
    "string_type": "should be a text: put it into quotes",
    "path_type": "should be a path",
    "model_type": "should be a section with keys of its own",
    "mapping_type": "should be a section with keys of its own",
    "dict_type": "should be a section with keys of its own",
    "tuple_type": "should be a list",
    "too_short": "should not be empty",
}
"""What is wanted, in a user's words, by pydantic's kind of error; for the others its own words are good enough."""

_PATHS: Final = ("state_dir", "data_dir", "cache_dir", "secrets_file")
_SECRET: Final = re.compile(r".*(password|secret|passphrase|key\.pem)|sasl\.oauthbearer\.config")
_MAYBE_SECRET: Final = re.compile(r"pas|pwd|secr|tok|cred|key(?!tab|\w*\.location)|jaas|bearer\.config|pem$", re.I)

HIDDEN: Final = "***"
"""Stands for a secret."""

_SERVER: Final = r"([A-Za-z_]+://)?(\[[0-9A-Fa-f:.]+\]|[^\s,:\[\]/]+)(:\d{1,5})?"

# A Kubernetes service called "stockstream" puts these into every container of its namespace.
_FOREIGN: Final = re.compile(r"SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_.*)?")


def _interval(name: str) -> str:
    if not is_interval(name):
        raise ValueError(f"should be {FORM}")
    return name


def _names(value: object) -> object:
    return re.split(r"[\s,]+", value.strip()) if isinstance(value, str) else value


def _property(value: object) -> object:
    if not isinstance(value, str | int | float | SecretStr):
        raise ValueError("should be a text, a number, true or false")
    return value


def _servers(value: str) -> str:
    if not re.fullmatch(rf"{_SERVER}(,{_SERVER})*", value):
        raise ValueError("should be host:port, several with commas between them")
    return value


def _history(value: str) -> str:
    if not re.fullmatch(r"[1-9]\d*(d|wk|mo|y)|ytd|max", value):
        raise ValueError("should be days, weeks, months or years (5d, 2wk, 3mo, 1y), ytd or max")
    return value


def _levels(value: object) -> object:
    return (value,) if isinstance(value, int | float) else value


def _of_yahoo(name: str) -> str:
    if name not in YAHOO:
        raise ValueError(f"should be one that Yahoo has: {', '.join(YAHOO)}")
    return name


Interval = Annotated[str, AfterValidator(_interval)]
YahooInterval = Annotated[str, AfterValidator(_of_yahoo)]
History = Annotated[str, AfterValidator(_history)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Servers = Annotated[str, AfterValidator(_servers)]
Levels = Annotated[tuple[FiniteFloat, ...], BeforeValidator(_levels)]


def _directory(default: str) -> Any:
    """A path whose ``null`` is the platform's own place."""
    return Field(default_factory=lambda: Path(getattr(platformdirs, default)("stockstream", appauthor=False)))


class Section(BaseModel):
    """A part of the settings; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BrokerSettings(Section):
    """``stockstream broker``: where it listens and how much memory Java may take."""

    port: int = Field(default=9092, ge=1, le=65535)
    heap_mb: int = Field(default=512, ge=128)


class WindowSettings(Section):
    """Every window: seconds between two drawings (None: as data arrives), the toolkit, the rows in view, the colours,
    what pictures are saved as, whether it remembers what the user changes, and levels of prices to watch by symbol."""

    refresh: float | None = Field(default=None, gt=0)
    backend: Literal["auto", "tk", "qt"] = "auto"
    rows: int = Field(default=500, ge=2)
    theme: Literal["light", "dark", "contrast"] = "light"
    save_as: Literal["png", "svg", "pdf"] = "png"
    memory: bool = True
    alerts: Mapping[str, Levels] = Field(default_factory=dict)


class SimulatedSettings(Section):
    """``produce simulated``: the bars' interval, seconds between two bars of a symbol, and the walk's seed."""

    interval: Interval = "1m"
    pace: float = Field(default=3.0, ge=0)
    seed: int = 1


class YahooSettings(Section):
    """``produce yahoo``: the bars' interval, how far back to begin, and seconds between two requests."""

    interval: YahooInterval = "1m"
    history: History = "5d"
    poll: float = Field(default=30.0, ge=1)


class DemoSettings(Section):
    """``stockstream demo``: the symbols that it simulates."""

    symbols: Names = Field(default=("AAPL", "MSFT"), min_length=1)


class Entry(NamedTuple):
    """A setting: its path, its effective value (`HIDDEN` for a secret) and where that was written."""

    path: KeyPath
    value: object
    origin: Origin


class Settings(Section):
    """Everything that a user can set, checked; made by `load`.

    ``Settings()`` holds the defaults and reads nothing.
    """

    bootstrap_servers: Servers = "127.0.0.1:9092"
    kafka: Mapping[str, Annotated[Any, BeforeValidator(_property)]] = Field(default_factory=dict)
    secrets_file: Path | None = None
    broker: BrokerSettings = BrokerSettings()
    state_dir: Path = _directory("user_state_dir")
    data_dir: Path = _directory("user_data_dir")
    cache_dir: Path = _directory("user_cache_dir")
    window: WindowSettings = WindowSettings()
    views: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    simulated: SimulatedSettings = SimulatedSettings()
    yahoo: YahooSettings = YahooSettings()
    demo: DemoSettings = DemoSettings()

    _origins: Origins = PrivateAttr(default_factory=Origins)

    @property
    def file(self) -> Path | None:
        """The file that was read, if any."""
        return self._origins.file

    def connection(self) -> dict[str, Any]:
        """What every Kafka client is given (librdkafka's properties), secrets in the clear: never print it."""
        chosen = {name: _plain(value) for name, value in self.kafka.items()}
        return {"bootstrap.servers": self.bootstrap_servers, "socket.timeout.ms": 6000, **chosen}

    def secrets(self) -> tuple[str, ...]:
        """The values that must never be shown or logged."""
        return tuple(value.get_secret_value() for value in self.kafka.values() if isinstance(value, SecretStr))

    def entries(self) -> Iterator[Entry]:
        """Every setting with its effective value and its origin, in the order of the file, secrets hidden."""
        yield from self._entries((), self)

    def _entries(self, path: KeyPath, value: object) -> Iterator[Entry]:
        if isinstance(value, BaseModel):
            inner = {name: getattr(value, name) for name in type(value).model_fields}
        else:
            inner = dict(value) if isinstance(value, Mapping) else {}
        for name, each in inner.items():
            yield from self._entries((*path, name), each)
        if not inner:
            yield Entry(path, HIDDEN if self._hides(path) else value, self.origin(path))

    def _hides(self, path: KeyPath) -> bool:
        """Whether a value is not shown: a secret, what may be a misspelt one, and all of the file of secrets."""
        place = self.origin(path).place.rpartition(":")[0]
        secret = path[0] == "kafka" and _MAYBE_SECRET.search(path[-1]) is not None
        return secret or (self.secrets_file is not None and place == str(self.secrets_file))

    def origin(self, path: KeyPath) -> Origin:
        """Where the effective value at this path was written."""
        return self._origins.of(path)

    def unknown(self, path: KeyPath, known: Iterable[str]) -> ConfigError:
        """The error for a key that does not exist where the ``known`` ones may stand."""
        return self._origins.unknown(path, known)

    def wrong(self, path: KeyPath, expected: str) -> ConfigError:
        """The error for a value that cannot be; ``expected`` goes on from the key: "should be ...".

        >>> print(Settings().wrong(("views", "bollinger", "period"), "should be at least 1"))
        the settings: views.bollinger.period should be at least 1
        """
        return self._origins.wrong(path, expected)


def load(
    path: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Read the settings.

    Parameters
    ----------
    path
        The file; without one ``config.yaml`` of the working directory, where there is one.
    overrides
        What the options of the command line say, nested as the file is.
    environ
        The environment.

    Raises
    ------
    ConfigError
        A file that cannot be read, an unknown key, a wrong value, a secret where it does not belong.
    """
    if path is None and DEFAULT_FILE.is_file():
        path = DEFAULT_FILE
    layers = [_read(path)] if path else []
    for key in layers[0].places if layers else ():
        if key[0] == "kafka" and _SECRET.fullmatch(key[-1]):
            raise _misplaced(Origins(layers, path), key)
    over = [_environment(environ), _options(overrides or {})]
    named = merge(*(layer.values for layer in (*layers, *over))).get("secrets_file")
    if named:
        layers.append(_secrets(Path(str(named)).expanduser()))
    layers += over
    return _settings(merge(*(layer.values for layer in layers)), Origins(layers, path))


def _settings(values: dict[str, Any], origins: Origins) -> Settings:
    # A section whose keys are all commented out is null; so is a path that is the platform's own.
    values = {name: value for name, value in values.items() if value is not None}
    for name in _PATHS:
        if isinstance(values.get(name), str):
            values[name] = Path(values[name]).expanduser()
    if isinstance(values.get("views"), Mapping):
        values["views"] = {name: {} if section is None else section for name, section in values["views"].items()}
    if isinstance(values.get("kafka"), Mapping):
        values["kafka"] = {
            name: SecretStr(str(value)) if _SECRET.fullmatch(str(name)) else value
            for name, value in values["kafka"].items()
        }
        if "bootstrap.servers" in values["kafka"]:
            raise origins.wrong(("kafka", "bootstrap.servers"), "has a key of its own: bootstrap_servers")
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise _translated(error, origins) from None
    settings._origins = origins  # noqa: SLF001 - our own; a frozen model takes it no other way
    return settings


def _translated(error: ValidationError, origins: Origins) -> ConfigError:
    # Unknown keys first: a mistyped key often is what makes another value wrong.
    details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
    detail = details[0]
    path = tuple(str(step) for step in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return origins.unknown(path, _known(path[:-1]))
    own_words = detail["msg"].removeprefix("Value error, ").replace("Input should", "should")
    expected = _EXPECTED.get(detail["type"], own_words)
    shown = "" if path[0] == "kafka" else f"is {_shown(detail['input'])}, "
    return origins.wrong(path, shown + expected)


def _known(path: KeyPath) -> list[str]:
    model: Any = Settings
    for step in path:
        model = model.model_fields[step].annotation
    return list(model.model_fields)


def _misplaced(origins: Origins, path: KeyPath) -> ConfigError:
    name = ".".join(path[1:])
    variable = f"{PREFIX}KAFKA__{name.upper().replace('.', '_')}"
    return ConfigError(
        f"{origins.where(path)}: kafka.{name} is a secret and does not belong in this file",
        hint=f"set {variable} in the environment, or put it into a file of mode 0600 and name that as secrets_file",
    )


def _shown(value: object) -> str:
    """A wrong value, cut to a line; who names a user and a password before a host does not see them again."""
    brief = reprlib.Repr()
    brief.maxstring = brief.maxother = 60
    brief.maxlist = brief.maxdict = 4
    return re.sub(r"[^\s/,'\"@]+@", f"{HIDDEN}@", brief.repr(value))


def _plain(value: object) -> object:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value).lower() if isinstance(value, bool) else value


def _environment(environ: Mapping[str, str]) -> Layer:
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


def _options(values: Mapping[str, Any]) -> Layer:
    return Layer("option", values, {(name,): f"--{name.replace('_', '-')}" for name in values})


def _secrets(file: Path) -> Layer:
    secrets, lines = read(file)
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        raise ConfigError(f"{file} holds secrets and can be read by others (mode {mode:04o})", hint=f"chmod 600 {file}")
    return Layer("file", {"kafka": secrets}, {("kafka", *key): str(line) for key, line in lines.items()}, file)


def _read(file: Path) -> Layer:
    """The file's values, its relative paths made to start from the file's folder."""
    values, lines = read(file)
    for name in _PATHS:
        if isinstance(values.get(name), str):
            values[name] = file.parent / Path(values[name]).expanduser()
    return Layer("file", values, {key: str(line) for key, line in lines.items()}, file)
