"""The settings: precedence, and errors with their places."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from stockstream.config import Settings, load
from stockstream.config_layers import DEFAULT_FILE
from stockstream.config_sources import merge
from stockstream.consumers.registry import VIEWS
from stockstream.errors import ConfigError
from stockstream.producers.sources.catalog import sources
from tests.settings_file import failure

NO_HOME = "~nosuchuser/x: the home folder of nosuchuser is not known"

SHIPPED = Path(__file__).parents[1] / "config.yaml"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A file with a setting on each level."""
    file = tmp_path / "settings.yaml"
    file.write_text("bootstrap_servers: file:1\nwindow:\n  rows: 100\n  backend: qt\n")
    return file


def test_without_anything_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(environ={}).model_dump() == Settings().model_dump()
    assert Settings().bootstrap_servers == "127.0.0.1:9092"


def test_the_environment_wins_over_the_file_and_options_over_both(written: Path) -> None:
    environ = {"STOCKSTREAM_BOOTSTRAP_SERVERS": "variable:2", "STOCKSTREAM_WINDOW__ROWS": "200"}
    from_file = load(written, environ={})
    assert (from_file.bootstrap_servers, from_file.window.rows, from_file.window.backend) == ("file:1", 100, "qt")
    from_environment = load(written, environ=environ)
    assert (from_environment.bootstrap_servers, from_environment.window.rows) == ("variable:2", 200)
    assert from_environment.window.backend == "qt"
    from_options = load(written, {"bootstrap_servers": "option:3"}, environ)
    assert (from_options.bootstrap_servers, from_options.window.rows) == ("option:3", 200)


def test_config_yaml_of_the_working_directory_is_read_unless_another_is_named(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    DEFAULT_FILE.write_text("bootstrap_servers: here:1")
    assert load(environ={}).bootstrap_servers == "here:1"
    assert load(written, environ={}).bootstrap_servers == "file:1"


def test_the_shipped_file_holds_every_key_at_its_default() -> None:
    apart = {"views", "sources"}
    assert load(SHIPPED, environ={}).model_dump(exclude=apart) == Settings().model_dump(exclude=apart)
    shipped = yaml.safe_load(SHIPPED.read_text())
    for name, field in Settings.model_fields.items():
        section = getattr(field.annotation, "model_fields", None)
        assert name in shipped
        assert section is None or set(shipped[name]) == set(section), name


def test_the_shipped_file_holds_views_with_all_their_parameters_at_their_defaults() -> None:
    shipped = yaml.safe_load(SHIPPED.read_text())["views"]
    assert {"bollinger", "aroon", "rsi", "flights"} <= set(shipped) <= {"chart", *VIEWS}
    for name, section in shipped.items():
        if name == "chart":
            assert section == {"with": ["volume"], "symbols": []}
            continue
        view = VIEWS[name]
        defaults = {parameter.name: parameter.default for parameter in view.parameters}
        assert section == {**defaults, f"{view.key_name}s": []}


def test_the_shipped_file_holds_every_source_with_what_is_usual_there() -> None:
    shipped = yaml.safe_load(SHIPPED.read_text())["sources"]
    assert list(shipped) == list(sources())
    for name, section in shipped.items():
        about = sources()[name].about
        assert section.items() >= {"interval": about.interval, "history": about.history, "poll": about.poll}.items()


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("window.refresh", "2.5", 2.5),
        ("window.refresh", "null", None),
        ("broker.heap_mb", "1024", 1024),
        ("demo.symbols", "[MSFT, NVDA]", ("MSFT", "NVDA")),
        ("demo.symbols", "MSFT NVDA", ("MSFT", "NVDA")),
        ("demo.symbols", "MSFT,NVDA", ("MSFT", "NVDA")),
        ("views.bollinger.period", "50", 50),
        ("window.alerts", "{aapl: 180.5, MSFT: [400, 410]}", {"aapl": (180.5,), "MSFT": (400.0, 410.0)}),
        ("simulated.interval", "5m", "5m"),
        ("state_dir", "/somewhere/else", Path("/somewhere/else")),
        ("window", "{rows: 9}", 9),
    ],
)
def test_every_kind_of_value_can_come_from_the_environment(key: str, text: str, value: object) -> None:
    settings = load(SHIPPED, environ={"STOCKSTREAM_" + key.upper().replace(".", "__"): text})
    found: Any = settings
    for step in key.split("."):
        found = found[step] if isinstance(found, Mapping) else getattr(found, step)
    assert getattr(found, "rows", found) == value


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load(environ={"STOCKSTREAM_STATE_DIR": ""}).state_dir == Settings().state_dir


def test_variables_that_kubernetes_sets_for_a_service_of_our_name_are_not_ours() -> None:
    foreign = ("SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_KAFKA", "PORT", "PORT_9092_TCP", "PORT_9092_TCP_ADDR")
    settings = load(SHIPPED, environ={f"STOCKSTREAM_{name}": "tcp://10.0.0.1:9092" for name in foreign})
    assert settings.model_dump() == load(SHIPPED, environ={}).model_dump()


def test_paths_of_a_file_start_from_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("state_dir: states\ndata_dir: ~/kept\ncache_dir: /absolute")
    settings = load(file, environ={})
    assert settings.state_dir == tmp_path / "states"
    assert settings.data_dir == Path.home() / "kept"
    assert settings.cache_dir == Path("/absolute")


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().bootstrap_servers = "other:1"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a: 1\nbootstrap_server: x:1", "c.yaml, line 1: unknown key a - known here: "),
        ("\nbootstrap_server: x:1", "line 2: unknown key bootstrap_server - did you mean bootstrap_servers?"),
        ("window:\n  refres: 3", "c.yaml, line 2: unknown key window.refres - did you mean refresh?"),
        ("window:\n  rows: x\n  bakend: tk", "c.yaml, line 3: unknown key window.bakend - did you mean backend?"),
        ("broker: {port: abc}", "c.yaml, line 1: broker.port is 'abc', should be a whole number"),
        ("broker:\n  port: 70000", "line 2: broker.port is 70000, should be less than or equal to 65535"),
        ("window:\n  backend: gtk", "line 2: window.backend is 'gtk', should be 'auto', 'tk' or 'qt'"),
        ("window:\n  alerts:\n    AAPL: [1, x]", "line 3: window.alerts.AAPL.1 is 'x', should be a number"),
        ("window:\n  alerts:\n    AAPL: .inf", "line 3: window.alerts.AAPL.0 is inf, should be a finite number"),
        ("window:\n  alerts: [1]", "line 2: window.alerts is [1], should be a section with keys of its own"),
        ("window:\n  refresh: 0", "line 2: window.refresh is 0, should be greater than 0"),
        ("window: 3", "line 1: window is 3, should be a section with keys of its own"),
        ("bootstrap_servers: a b", "bootstrap_servers is 'a b', should be host:port, several with commas"),
        ("simulated: {interval: 7s}", "simulated.interval is '7s', should be a whole number of m, h, d, wk, mo or y"),
        ("sources: {yahoo: {interval: 3x}}", "sources.yahoo.interval is '3x', should be a whole number of m, h"),
        ("sources:\n  yahoo:\n    history: 5 days", "line 3: sources.yahoo.history is '5 days', should be days, weeks"),
        ("sources:\n  yahoo:\n    pol: 5", "line 3: unknown key sources.yahoo.pol - did you mean poll?"),
        ("demo:\n  symbols:\n  - ON\n", "line 2: demo.symbols.0 is True, should be a text: put it in quotes"),
        ("demo: {symbols: []}", "demo.symbols is [], should not be empty"),
        ("kafka:\n  fetch.min.bytes: [1]", "line 2: kafka.fetch.min.bytes should be a text, a number, true or false"),
        ("kafka:\n  bootstrap.servers: x", "line 2: kafka.bootstrap.servers has a key of its own: bootstrap_servers"),
        ("window:\n  rows: 5\n  rows: 6", "c.yaml, line 3: window.rows is already on line 2"),
        (
            "broker: {}\ntables:\n  dir: ~nosuchuser/x",
            "line 3: tables.dir is ~nosuchuser/x: the home folder of nosuchuser",
        ),
        (
            "state_dir: ~nosuchuser",
            "c.yaml, line 1: state_dir is ~nosuchuser: the home folder of nosuchuser is not known",
        ),
        (
            "plugins:\n- ~nosuchuser/x.py",
            "line 1: plugins is ~nosuchuser/x.py: the home folder of nosuchuser is not known",
        ),
        ("window: [1\nx: 2", "c.yaml, line 2: this is not YAML: expected ',' or ']', but got ':'"),
        ("- a\n- b", "c.yaml, line 1: expected keys and values, as in 'key: value'"),
    ],
)
def test_errors_in_the_file_name_file_line_key_and_what_is_allowed(tmp_path: Path, text: str, result: str) -> None:
    assert result in failure(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("STOCKSTREAM_BOOTSTRAP_SERVER", "x:1", "unknown key bootstrap_server - did you mean bootstrap_servers?"),
        ("STOCKSTREAM_WINDOW__ROW", "5", "unknown key window.row - did you mean rows?"),
        ("STOCKSTREAM_WINDOW__ROWS", "many", "window.rows is 'many', should be a whole number"),
        ("STOCKSTREAM_STATE_DIR", "~nosuchuser/x", f"state_dir is {NO_HOME}"),
        ("STOCKSTREAM_SECRETS_FILE", "~nosuchuser/x", f"secrets_file is {NO_HOME}"),
        ("STOCKSTREAM_WINDOW", "[", "window is '[', should be a section with keys of its own"),
    ],
)
def test_errors_in_the_environment_name_the_variable(name: str, value: str, result: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(SHIPPED, environ={name: value})
    assert str(caught.value) == f"environment variable {name}: {result}"


def test_an_error_names_the_layer_that_won(written: Path) -> None:
    with pytest.raises(ConfigError, match=r"variable STOCKSTREAM_WINDOW__BACKEND: window\.backend is 'gtk'"):
        load(written, environ={"STOCKSTREAM_WINDOW__BACKEND": "gtk"})
    with pytest.raises(ConfigError, match=r"option --bootstrap-servers: bootstrap_servers is ''"):
        load(None, {"bootstrap_servers": ""}, {})


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml cannot be read: No such file"):
        load(tmp_path / "absent.yaml", environ={})
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(ConfigError, match=r"binary\.yaml is not text in UTF-8"):
        load(binary, environ={})
    binary.write_bytes(b"a: \x07")
    with pytest.raises(ConfigError, match=r"binary\.yaml is not YAML"):
        load(binary, environ={})


def test_a_view_names_the_place_of_a_wrong_value(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("views:\n  aroon:\n    period: 0")
    error = load(file, environ={}).wrong(("views", "aroon", "period"), "should be at least 1")
    assert str(error) == f"{file}, line 3: views.aroon.period should be at least 1"


def test_the_connection_holds_what_all_clients_share_and_the_users_properties(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("kafka: {security.protocol: SASL_SSL, socket.timeout.ms: 9000, allow.auto.create.topics: false}")
    assert load(file, {"bootstrap_servers": "far:9093"}, {}).connection("consumer") == {
        "bootstrap.servers": "far:9093",
        "socket.timeout.ms": 9000,
        "security.protocol": "SASL_SSL",
        "allow.auto.create.topics": "false",
    }


def test_layers_merge_key_by_key() -> None:
    assert merge({"a": {"b": 1}}, {}, {"a": {"c": 3}}, {"d": 4}) == {"a": {"b": 1, "c": 3}, "d": 4}


def test_what_should_be_a_section_and_is_not_is_found_under_another_layer(tmp_path: Path) -> None:
    result = failure(tmp_path, "window: 3", {"STOCKSTREAM_WINDOW__ROWS": "5"})
    assert result.endswith("window is 3, should be a section with keys of its own")


def test_an_error_is_at_the_place_that_is_wrong_whatever_other_layers_hold_beside_it(tmp_path: Path) -> None:
    alerts = "window:\n  alerts:\n    AAPL: [1, x]"
    result = failure(tmp_path, alerts, {"STOCKSTREAM_WINDOW": "{rows: 9}"})
    assert result.startswith("c.yaml, line 3: window.alerts.AAPL.1 is 'x'")
    result = failure(tmp_path, "broker:\n  port: 1", {"STOCKSTREAM_BROKER__PORTS__X": "5"})
    assert result.startswith("environment variable STOCKSTREAM_BROKER__PORTS__X: unknown key broker.ports")


def test_every_setting_has_its_origin(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(
        "broker:\n  port: 9\nwindow:\n  refresh: null\nviews:\n  aroon:\nsources:\n  yahoo:\n    poll: 20\n"
    )
    environ = {"STOCKSTREAM_WINDOW": "{rows: 9}", "STOCKSTREAM_BROKER__HEAP_MB": "200", "STOCKSTREAM_STATE_DIR": ""}
    settings = load(file, {"bootstrap_servers": "x:1"}, environ)
    entries = {".".join(entry.path): (entry.value, str(entry.origin)) for entry in settings.entries()}
    assert entries["bootstrap_servers"] == ("x:1", "--bootstrap-servers")
    assert entries["broker.port"] == (9, f"{file}:2")
    assert entries["broker.heap_mb"] == (200, "STOCKSTREAM_BROKER__HEAP_MB")
    assert entries["window.rows"] == (9, "STOCKSTREAM_WINDOW")
    assert entries["window.refresh"] == (None, f"{file}:4")
    assert entries["window.theme"] == ("light", "default")
    assert entries["sources.yahoo.poll"] == (20.0, f"{file}:9")
    assert entries["sources.yahoo.history"] == (None, "default")
    assert entries["state_dir"][1] == "default"
    assert entries["views.aroon"] == ({}, f"{file}:6")


@pytest.mark.parametrize(
    ("content", "result"),
    [
        (b"a: " + b"x" * 100_000_000, "c.yaml has more than 256,000 bytes: no settings are that long"),
        (b"a: " + b"[" * 100_000, "c.yaml is nested too deeply"),
        (b"? [1]\n: 2", "c.yaml, line 1: a key is a word"),
        (b"a: 2026-13-45", "c.yaml holds an invalid value: month must be in 1..12"),
        (
            b"a: &a {x: 1, y: 2}\n"
            + b"".join(b"%c: &%c {x: *%c, y: *%c}\n" % (i + 1, i + 1, i, i) for i in range(97, 122)),
            "line 1: more than 10,000 keys are no settings",
        ),
    ],
    ids=["huge", "deep", "list as a key", "no date", "aliases of aliases"],
)
def test_a_file_that_cannot_be_settings_is_refused_at_once(tmp_path: Path, content: bytes, result: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes(content)
    begun = time.process_time()
    with pytest.raises(ConfigError) as caught:
        load(file, environ={})
    assert result in str(caught.value)
    assert time.process_time() - begun < 5


def test_an_endless_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="/dev/zero has more than 256,000 bytes"):
        load(Path("/dev/zero"), environ={})


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_bytes(b"\xef\xbb\xbfbootstrap_servers: x:1")
    assert load(file, environ={}).bootstrap_servers == "x:1"
