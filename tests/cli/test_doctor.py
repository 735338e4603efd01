"""``doctor``: each check is ok, or says what to do."""

from __future__ import annotations

import json
import os
import sys
from importlib import metadata
from pathlib import Path

import pytest

from stockstream.cli import doctor
from stockstream.cli.doctor import Finding, folders, packages
from stockstream.config import Settings
from stockstream.spark import extra
from stockstream.spark.jars import CONNECTOR, SPARK_VERSION
from tests.cli.helpers import clean, stockstream
from tests.site import Site


def test_it_says_what_is_missing_and_what_to_do_about_it(tmp_path: Path) -> None:
    env = clean(tmp_path / "state", STOCKSTREAM_BOOTSTRAP_SERVERS="127.0.0.1:1", DISPLAY="", WAYLAND_DISPLAY="")
    result = stockstream("doctor", cwd=tmp_path, env=env)
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    subjects = [line[4:12].strip() for line in lines if line[:2] in ("ok", "!!")]
    assert subjects == [
        "settings",
        "Python",
        "packages",
        "Java",
        "Kafka",
        "Spark",
        "folders",
        "windows",
        "alerts",
        "broker",
    ]
    marks = {line[4:12].strip(): line[:2] for line in lines if line[:2] in ("ok", "!!")}
    assert (marks["Python"], marks["packages"], marks["Java"], marks["Spark"]) == ("ok",) * 4
    assert marks["broker"] == "!!"
    assert lines[-1].startswith("              -> ")
    assert "`stockstream broker`" in lines[-1]
    if sys.platform == "linux":
        assert marks["windows"] == "!!"
        assert "--headless" in result.stdout
    result = stockstream("doctor", "--json", cwd=tmp_path, env=env)
    found = {one["subject"]: one for one in json.loads(result.stdout)}
    assert (result.returncode, [*found]) == (1, subjects)
    assert (found["Python"]["ok"], found["Python"]["todo"], found["broker"]["ok"]) == (True, None, False)
    assert "`stockstream broker`" in found["broker"]["todo"]


@pytest.mark.skipif(
    sys.platform == "linux" and not os.environ.get("DISPLAY"), reason="no display: Xvfb is not installed"
)
def test_it_is_content_where_everything_is_there(site: Site) -> None:
    result = site.run("doctor")
    assert "!!" not in result.stdout
    assert result.returncode == 0
    assert f"{site.bootstrap_servers} answers" in result.stdout


def test_packages_of_extras_are_not_asked_for() -> None:
    wanted = ["msgspec>=0.19", "no-such-package>=1", 'PySide6-Essentials<6.12; extra == "qt"']
    found = packages(wanted)
    assert found.text == "missing: no-such-package"
    assert found.todo is not None
    assert packages(wanted[::2]).todo is None


def test_a_folder_that_cannot_be_made_names_its_key(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    good, bad = tmp_path / "good", tmp_path / "file" / "below"
    assert folders({"state": good, "data": good}).todo is None
    found = folders({"state": good, "data": bad})
    assert found == Finding("folders", f"{bad} cannot be written", "set data_dir to a folder that you can write to")


def test_spark_is_told_of_with_its_java_and_jars_or_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(cache_dir=tmp_path)
    monkeypatch.setattr(metadata, "version", lambda _: SPARK_VERSION)
    monkeypatch.setattr(extra, "PACKAGES", ())
    monkeypatch.setenv("JAVA_HOME", "")
    text = f"{SPARK_VERSION}, 9.9 MB are fetched when a job starts first, Java: the project's"
    assert doctor._spark(settings) == Finding("Spark", text)
    for jar in CONNECTOR.jars():
        (tmp_path / f"spark-{SPARK_VERSION}").mkdir(exist_ok=True)
        (tmp_path / f"spark-{SPARK_VERSION}" / jar.name).touch()
    assert f"4 jars in {tmp_path}" in doctor._spark(settings).text
    monkeypatch.setattr(metadata, "version", lambda _: "3.5.1")
    assert doctor._spark(settings).todo == f"pip install pyspark=={SPARK_VERSION}"
    monkeypatch.setattr(extra, "PACKAGES", ("no_such_package",))
    assert doctor._spark(settings) == Finding(
        "Spark", "not installed; for jobs on it: pip install 'stockstream[spark]' (800 MB)"
    )
