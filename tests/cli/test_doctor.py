"""``doctor``: each check is ok, or says what to do."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from stockstream.cli.doctor import Finding, folders, packages
from tests.cli.helpers import clean, stockstream
from tests.site import Site


def test_it_says_what_is_missing_and_what_to_do_about_it(tmp_path: Path) -> None:
    env = clean(tmp_path / "state", STOCKSTREAM_BOOTSTRAP_SERVERS="127.0.0.1:1", DISPLAY="", WAYLAND_DISPLAY="")
    result = stockstream("doctor", cwd=tmp_path, env=env)
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    subjects = [line[4:12].strip() for line in lines if line[:2] in ("ok", "!!")]
    assert subjects == ["settings", "Python", "packages", "Java", "Kafka", "folders", "windows", "broker"]
    marks = {line[4:12].strip(): line[:2] for line in lines if line[:2] in ("ok", "!!")}
    assert (marks["Python"], marks["packages"], marks["Java"], marks["broker"]) == ("ok", "ok", "ok", "!!")
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
