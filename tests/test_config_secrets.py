"""The settings: secrets come from where others cannot read them, and are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockstream.config import load
from tests.settings_file import failure

SECRET = "0123 hush"
SHIPPED = Path(__file__).parents[1] / "config.yaml"


def test_a_secret_comes_from_the_environment_and_is_never_printed() -> None:
    settings = load(SHIPPED, environ={"STOCKSTREAM_KAFKA__SASL_PASSWORD": SECRET})
    assert settings.connection("consumer")["sasl.password"] == SECRET
    assert settings.secrets() == (SECRET,)
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"


def test_a_password_of_digits_alone_stays_as_it_is() -> None:
    settings = load(SHIPPED, environ={"STOCKSTREAM_KAFKA__SASL_PASSWORD": "0123"})
    assert settings.connection("consumer")["sasl.password"] == "0123"


@pytest.mark.parametrize("name", ["sasl.password", "ssl.key.password", "ssl.key.pem", "sasl.oauthbearer.client.secret"])
def test_a_secret_in_the_file_is_refused_without_showing_it(tmp_path: Path, name: str) -> None:
    result = failure(tmp_path, f"kafka:\n  sasl.username: me\n  {name}: {SECRET}\n")
    assert result.startswith(f"c.yaml, line 3: kafka.{name} is a secret and does not belong in this file - set ")
    assert f"STOCKSTREAM_KAFKA__{name.upper().replace('.', '_')}" in result
    assert SECRET not in result


def test_a_secret_beside_another_error_is_not_shown(tmp_path: Path) -> None:
    environ = {"STOCKSTREAM_KAFKA__SASL_PASSWORD": SECRET}
    assert SECRET not in failure(tmp_path, "kafka: [1]", environ)
    assert SECRET not in failure(tmp_path, "windo: 1", environ)
    assert SECRET not in failure(tmp_path, f"kafka:\n  sasl.password: '{SECRET}\n", environ)


def test_secrets_come_from_a_file_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text(f"sasl.username: me\nsasl.password: {SECRET}")
    (tmp_path / "secrets.yaml").chmod(0o600)
    file = tmp_path / "c.yaml"
    file.write_text("secrets_file: secrets.yaml\nkafka: {sasl.username: nobody, security.protocol: SASL_SSL}")
    settings = load(file, environ={})
    connection = settings.connection("consumer")
    assert (connection["sasl.username"], connection["sasl.password"]) == ("me", SECRET)
    assert connection["security.protocol"] == "SASL_SSL"
    assert SECRET not in repr(settings)
    from_variable = load(file, environ={"STOCKSTREAM_KAFKA__SASL_PASSWORD": "other"})
    assert from_variable.connection("consumer")["sasl.password"] == "other"


def test_a_file_of_secrets_that_others_can_read_is_refused(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text(f"sasl.password: {SECRET}")
    secrets.chmod(0o644)
    result = failure(tmp_path, "secrets_file: secrets.yaml")
    assert result == f"{secrets} holds secrets and can be read by others (mode 0644) - chmod 600 {secrets}"


def test_secrets_are_hidden_wherever_they_were_written_misspelt_ones_too(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text(f"sasl.username: {SECRET}\nssl.key.pem: {SECRET}")
    secrets.chmod(0o600)
    file = tmp_path / "c.yaml"
    file.write_text(f"secrets_file: secrets.yaml\nkafka:\n  sasl.pasword: {SECRET}\n  ssl.key.location: key.pem\n")
    settings = load(file, environ={"STOCKSTREAM_KAFKA__SASL_PASSWORD": SECRET})
    entries = {entry.path[-1]: entry.value for entry in settings.entries() if entry.path[0] == "kafka"}
    assert entries == {
        "sasl.username": "***",
        "ssl.key.pem": "***",
        "sasl.pasword": "***",
        "sasl.password": "***",
        "ssl.key.location": "key.pem",
    }
    assert SECRET not in str(list(settings.entries()))


def test_a_password_before_a_host_is_not_reported(tmp_path: Path) -> None:
    assert "hush" not in failure(tmp_path, "bootstrap_servers: SASL://me:hush@host:9092")


def test_sinks_of_alerts_are_names_and_what_may_be_a_secret_of_theirs_is_hidden(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(
        f"alerts:\n  sinks: [webhook]\n  sink_options:\n    webhook:\n      url: https://x/{SECRET}\n"
        f"      secret: {SECRET}\n      secret_file: hook.secret\n      timeout: 5\n"
    )
    settings = load(file, environ={"STOCKSTREAM_ALERTS__SINKS": "terminal desktop"})
    entries = {entry.path[-1]: entry.value for entry in settings.entries() if entry.path[0] == "alerts"}
    assert settings.alerts.sinks == ("terminal", "desktop")
    assert {entries[name] for name in ("url", "secret")} == {"***"}
    assert (entries["secret_file"], entries["timeout"]) == ("hook.secret", 5)
    said = failure(tmp_path, f"alerts:\n  sink_options:\n    webhook: {SECRET}\n")
    assert "webhook should be a section" in said
    assert SECRET not in said
    assert "alerts.sinks.0" in failure(tmp_path, "alerts: {sinks: [My Hook]}")
