"""The contents of `pip install .`, and that the locks contain the requirements of setup.cfg."""

import configparser
import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from stockstream.version import VERSION
from stockstream.web import assets

ROOT = Path(__file__).parents[1]
LOCKS = ("run", "qt", "dev", "web", "spark")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel of the project, built from a copy, for setuptools writes beside its sources."""
    copy = tmp_path_factory.mktemp("source")
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    shutil.copytree(ROOT / "stockstream", copy / "stockstream", ignore=shutil.ignore_patterns("__pycache__", "vendor"))
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out)]
    built = subprocess.run([*command, str(copy)], capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    sources = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "stockstream").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and assets.VENDOR not in path.parents
    }
    if shutil.which("npm"):  # the build fetches what a clone lacks
        sources |= {(assets.VENDOR / name).relative_to(ROOT).as_posix() for name in assets.NAMES}
    assert "stockstream/py.typed" in sources
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == sources


def test_the_wheel_gives_the_command_and_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    info = f"stockstream-{VERSION}.dist-info"
    metadata = Parser().parsestr(wheel.read(f"{info}/METADATA").decode())
    assert metadata["Version"] == VERSION
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License"] == "Apache-2.0"
    commands = configparser.ConfigParser()
    commands.read_string(wheel.read(f"{info}/entry_points.txt").decode())
    assert dict(commands["console_scripts"]) == {"stockstream": "stockstream.__main__:main"}


def pinned(lock: str) -> dict[str, set[str]]:
    """The versions of each package in a lock; several where they depend on the Python."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.\[\]-]+)==(\S+)", (ROOT / f"requirements/{lock}.txt").read_text(), re.M):
        versions.setdefault(canonicalize_name(re.sub(r"\[.*\]", "", name)), set()).add(version)
    return versions


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_holds_what_setup_cfg_asks_for(lock: str) -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extra = setup["options.extras_require"].get(lock, "")
    asked = [setup["options"]["install_requires"], extra, (ROOT / "requirements/build.in").read_text()]
    versions = pinned(lock)
    for line in (each for each in map(str.strip, "\n".join(asked).splitlines()) if each and each[0] != "#"):
        requirement = Requirement(line)
        found = versions.get(canonicalize_name(requirement.name), set())
        assert found, f"{line} is missing: make lock"
        assert all(requirement.specifier.contains(version) for version in found), f"{line} has {found}: make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_has_a_hash_for_every_package_and_names_no_host(lock: str) -> None:
    text = (ROOT / f"requirements/{lock}.txt").read_text()
    assert "//" not in text
    assert "--index" not in text
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if not entry.startswith("#")]
    assert entries
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_locks_agree_with_each_other() -> None:
    run = pinned("run")
    for lock in ("qt", "dev", "web", "spark"):
        assert {name: versions for name, versions in pinned(lock).items() if name in run} == run
