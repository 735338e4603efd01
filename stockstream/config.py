"""Settings: defaults, config.yaml, environment and options, merged; the later wins.

Every key can be in the file and, as ``STOCKSTREAM_<KEY>`` with ``__`` between the levels, in the environment; the
value is written there as behind the colon in the file. Each error names the file and line, or the variable.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final, get_args

import platformdirs
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
)

from stockstream.config_layers import PATHS, SECRET, Layers, gather
from stockstream.config_sections import (
    AlertsSettings,
    BrokerSettings,
    CloudSettings,
    DemoSettings,
    MarketSettings,
    PartitionSettings,
    QualitySettings,
    ReadingsSettings,
    Section,
    SimulatedSettings,
    SourceSettings,
    TablesSettings,
    WindowSettings,
)
from stockstream.config_sources import (
    HIDDEN,
    Entry,
    KeyPath,
    Origin,
    Origins,
    excerpt,
)
from stockstream.connection import Connection, Property
from stockstream.credentials import (
    PASSWORD,
    ROLES,
    SERVERS,
    Role,
    all_nodes,
    credentials,
    folders_of,
    serve,
    without_security,
)
from stockstream.errors import ConfigError
from stockstream.files import HomeUnknown, expanded

_EXPECTED: Final = {
    "int_parsing": "should be a whole number",
    "int_from_float": "should be a whole number",
    "int_type": "should be a whole number",
    "float_parsing": "should be a number",
    "float_type": "should be a number",
    "string_type": "should be a text: put it in quotes",
    "path_type": "should be a path",
    "model_type": "should be a section with keys of its own",
    "mapping_type": "should be a section with keys of its own",
    "dict_type": "should be a section with keys of its own",
    "tuple_type": "should be a list",
    "too_short": "should not be empty",
}
"""What is wanted, in a user's words, by pydantic's kind of error; for the others its own words are good enough."""

_MAYBE_SECRET: Final = re.compile(r"pas|pwd|secr|tok|cred|key(?!tab|\w*\.location)|jaas|bearer\.config|pem$", re.I)

_SINK_OPTIONS: Final = ("alerts", "sink_options")

_SERVER: Final = r"([A-Za-z_]+://)?(\[[0-9A-Fa-f:.]+\]|[^\s,:\[\]/]+)(:\d{1,5})?"


def _property(value: object) -> object:
    if not isinstance(value, str | int | float | SecretStr):
        raise ValueError("should be a text, a number, true or false")
    return value


def _servers(value: str) -> str:
    if not re.fullmatch(rf"{_SERVER}(,{_SERVER})*", value):
        raise ValueError("should be host:port, several with commas between them")
    return value


Servers = Annotated[str, AfterValidator(_servers)]


def _directory(default: str) -> Path:
    """A path whose ``null`` is the platform's own place."""
    found: Path = Field(default_factory=lambda: Path(getattr(platformdirs, default)("stockstream", appauthor=False)))
    return found


class Settings(Section):
    """Everything that a user can set, checked; made by `load`.

    ``Settings()`` holds the defaults and reads nothing.
    """

    bootstrap_servers: Servers = "127.0.0.1:9092"
    kafka: Mapping[str, Annotated[Any, BeforeValidator(_property)]] = Field(default_factory=dict)
    secrets_file: Path | None = None
    credentials_dir: Path | None = None
    broker: BrokerSettings = BrokerSettings()
    state_dir: Path = _directory("user_state_dir")
    data_dir: Path = _directory("user_data_dir")
    cache_dir: Path = _directory("user_cache_dir")
    window: WindowSettings = WindowSettings()
    views: Mapping[str, Mapping[str, object]] = Field(default_factory=dict)
    plugins: tuple[Path, ...] = ()
    simulated: SimulatedSettings = SimulatedSettings()
    sources: Mapping[str, SourceSettings] = Field(default_factory=dict)
    readings: ReadingsSettings = ReadingsSettings()
    market: MarketSettings = MarketSettings()
    partitions: PartitionSettings = PartitionSettings()
    calendars: Mapping[str, str] = Field(default_factory=dict)
    quality: QualitySettings = QualitySettings()
    tables: TablesSettings = TablesSettings()
    cloud: CloudSettings = CloudSettings()
    alerts: AlertsSettings = AlertsSettings()
    demo: DemoSettings = DemoSettings()

    _origins: Origins = PrivateAttr(default_factory=Origins)
    _named: Path | None = PrivateAttr(default=None)
    _ignored: tuple[str, ...] = PrivateAttr(default=())

    @property
    def named(self) -> Path | None:
        """The file that the user named, which child processes get by name. They find a default file by themselves."""
        return self._named

    @property
    def ignored(self) -> tuple[str, ...]:
        """What was written but is not heeded, and what to do about it, for the user."""
        return self._ignored

    @property
    def file(self) -> Path | None:
        """The file that was read, if any."""
        return self._origins.file

    def connection(self, role: Role) -> Connection:
        """What a Kafka client of this role is given (librdkafka's properties), secrets in the clear: never print it.

        Who we are is what the section kafka says. Where it says nothing, and the address is that of a secure broker on
        this machine, it is the role's own user. Raises `ConfigError` for credentials that cannot be used.
        """
        chosen = {name: _plain(value) for name, value in self.kafka.items()}
        if self.credentials_dir is not None or "security.protocol" not in self.kafka:
            for folder in self._credentials_dirs:
                given = credentials(folder, role)
                if given is not None and (self.credentials_dir is not None or serve(given, self.bootstrap_servers)):
                    chosen = without_security(chosen) | {name: each for name, each in given.items() if name != SERVERS}
                    break
        servers = all_nodes(self.bootstrap_servers, self._credentials_dirs)
        return {"bootstrap.servers": servers, "socket.timeout.ms": 6000, **chosen}

    @property
    def _credentials_dirs(self) -> list[Path]:
        return folders_of(self.data_dir) if self.credentials_dir is None else [self.credentials_dir]

    def secrets(self) -> tuple[str, ...]:
        """The values that must never be shown or logged."""
        secrets = [value.get_secret_value() for value in self.kafka.values() if isinstance(value, SecretStr)]
        for folder in self._credentials_dirs:
            for role in ROLES:
                with suppress(ConfigError, OSError):
                    secrets.append(str((credentials(folder, role) or {}).get(PASSWORD, "")))
        return tuple(filter(None, secrets))

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
        location = self.origin(path).location.rpartition(":")[0]
        secret = path[0] == "kafka" and _MAYBE_SECRET.search(path[-1]) is not None
        if path[:2] == _SINK_OPTIONS and len(path) > 2:
            # The address of a web hook may hold a token; the name of a file of secrets is none.
            secret = path[-1] == "url" or (
                _MAYBE_SECRET.search(path[-1]) is not None and not path[-1].endswith("_file")
            )
        return secret or (self.secrets_file is not None and location == str(self.secrets_file))

    def origin(self, path: KeyPath) -> Origin:
        """Where the effective value at this path was written."""
        return self._origins.of(path)

    def unknown(self, path: KeyPath, known: Iterable[str]) -> ConfigError:
        """The error for an unknown key; ``known`` are the valid ones there."""
        return self._origins.unknown(path, known)

    def wrong(self, path: KeyPath, expected: str) -> ConfigError:
        """The error for an invalid value; ``expected`` continues after the key: "should be ...".

        >>> print(Settings().wrong(("views", "bollinger", "period"), "should be at least 1"))
        the settings: views.bollinger.period should be at least 1
        """
        return self._origins.wrong(path, expected)


def load(
    path: Path | None = None,
    overrides: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = os.environ,
    own: Path | None = None,
) -> Settings:
    """Read the settings.

    Plug-ins are code. They are heeded in a file that the user named, and in the user's own. A ``config.yaml`` that is
    merely found may have come with a folder from anywhere.

    Parameters
    ----------
    path
        The file; without one ``config.yaml`` of the working directory, where there is one.
    overrides
        What the options of the command line say, nested as the file is.
    environ
        The environment.
    own
        The user's own file, over which the others lie, where there is one; without it that of
        `stockstream.config_layers.own_file`.

    Raises
    ------
    ConfigError
        A file that cannot be read, an unknown key, a wrong value, a secret where it does not belong.
    """
    return checked(gather(path, overrides, environ, own))


def checked(written: Layers) -> Settings:
    """The settings of layers that are read already. Raises ConfigError as `load` does."""
    settings = _settings(written.values, written.origins)
    settings._named = written.named  # noqa: SLF001 - our own; a frozen model takes it no other way
    settings._ignored = written.ignored  # noqa: SLF001 - the same
    return settings


def _settings(values: dict[str, Any], origins: Origins) -> Settings:
    # A section whose keys are all commented out is null; so is a path that is the platform's own.
    values = {name: value for name, value in values.items() if value is not None}
    for name in PATHS:
        if isinstance(values.get(name), str):
            try:
                values[name] = expanded(values[name])
            except HomeUnknown as error:
                raise origins.wrong((name,), f"is {error}") from None
    if isinstance(values.get("views"), Mapping):
        values["views"] = {name: {} if section is None else section for name, section in values["views"].items()}
    if isinstance(values.get("kafka"), Mapping):
        values["kafka"] = {
            name: SecretStr(str(value)) if SECRET.fullmatch(str(name)) else value
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
    shown = "" if path[0] == "kafka" or path[:2] == _SINK_OPTIONS else f"is {excerpt(detail['input'])}, "
    return origins.wrong(path, shown + expected)


def _known(path: KeyPath) -> list[str]:
    model: Any = Settings
    for step in path:
        if hasattr(model, "model_fields"):
            model = model.model_fields[step].annotation
        else:  # a section by name, such as sources.yahoo, is the mapping's value; one of a list is its element
            model = get_args(model)[0 if step.isdecimal() else 1]
    return list(model.model_fields)


def _plain(value: Property | SecretStr) -> Property:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value).lower() if isinstance(value, bool) else value
