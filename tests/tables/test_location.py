"""Where tables are, and what delta-rs receives about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stockstream.config import Settings, load
from stockstream.config_sections import TablesSettings
from stockstream.errors import ConfigError
from stockstream.tables.location import Location


def test_a_folder_becomes_absolute_and_has_no_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    location = Location.of("tables")
    assert location.uri("bars") == f"{tmp_path}/tables/bars"
    assert location.folder == tmp_path / "tables"
    assert location.storage_options({"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}) == {}


@pytest.mark.parametrize("text", ["s3://", "s3://B", "gs://shares/tables", "s3://shares/a?b", "s3://sh ares"])
def test_what_is_no_place_for_tables_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="s3://BUCKET/PREFIX"):
        Location.of(text)
    file = tmp_path / "config.yaml"
    file.write_text(f"tables:\n  dir: '{text}'\n")
    with pytest.raises(ConfigError, match=r"config.yaml, line 2.*tables.dir.*s3://BUCKET/PREFIX"):
        load(file)


def test_the_option_is_before_the_settings_and_these_before_the_data_folder(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert Location.chosen(None, settings).folder == tmp_path / "tables"
    settings = Settings(data_dir=tmp_path, tables=TablesSettings(dir="s3://shares/tables"))
    assert Location.chosen(None, settings).text == "s3://shares/tables"
    assert Location.chosen(str(tmp_path), settings).folder == tmp_path


def test_a_relative_folder_starts_from_the_file_of_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("tables:\n  dir: lake\n")
    assert load(file).tables.dir == str(tmp_path / "lake")
    file.write_text("tables:\n  dir: s3://shares/tables\n")
    assert load(file).tables.dir == "s3://shares/tables"


def test_a_bucket_is_written_with_conditional_puts_and_without_credentials() -> None:
    location = Location.of("s3://shares/tables/")
    assert location.uri("flights") == "s3://shares/tables/flights"
    assert location.folder is None
    secret = {"AWS_ACCESS_KEY_ID": "one", "AWS_SECRET_ACCESS_KEY": "two"}
    assert location.storage_options(secret) == {"aws_conditional_put": "etag"}
    found = location.storage_options({**secret, "AWS_ENDPOINT_URL": "http://127.0.0.1:5000"})
    assert found["aws_endpoint_url"] == "http://127.0.0.1:5000"
    assert found["aws_allow_http"] == "true"
    assert {"one", "two"}.isdisjoint(found.values())
