"""The environment that `make` creates: made once, and repaired after an interruption."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Stands in for a Python whose venv and pip take no time: pip notes what it was asked for.
FAKE_PYTHON = f"""#!/bin/sh
case "$*" in
*"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*"-m pip"*)  echo "$*" | sed 's/.* install //' >>pip.log; [ ! -e pip.fails ] ;;
*tkinter*)   [ ! -e without.tkinter ] ;;
*ensurepip*) [ ! -e without.ensurepip ] ;;
*)           exec {sys.executable} "$@" ;;
esac
"""
RUN = "--require-hashes -r requirements/run.txt"
QT = "--require-hashes -r requirements/qt.txt"
DEV = "--require-hashes -r requirements/dev.txt"
SPARK = "--require-hashes -r requirements/spark.txt"
WEB = "--require-hashes -r requirements/web.txt"
PROJECT = "--no-deps --no-build-isolation -e ."


class Checkout:
    """A copy of what `requirements/env.sh` reads, and a Python that only notes what it is asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("setup.cfg", "pyproject.toml", "stockstream/version.py"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        shutil.copytree(ROOT / "requirements", folder / "requirements")
        self.python = folder / "python"
        self.python.write_text(FAKE_PYTHON)
        self.python.chmod(0o755)

    def make(self, *what: str, python: str | None = None) -> subprocess.CompletedProcess[str]:
        """Call `env.sh` as the Makefile does."""
        return subprocess.run(
            ["sh", "requirements/env.sh", *what],
            cwd=self.folder,
            env={**os.environ, "PYTHON": python or str(self.python)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def installed(self, *what: str) -> list[str]:
        """What pip was asked to install by one call, which must succeed."""
        log = self.folder / "pip.log"
        log.unlink(missing_ok=True)
        result = self.make(*what)
        assert result.returncode == 0, result.stderr
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "a checkout")


def test_running_needs_no_more_than_its_lock_and_the_project(checkout: Checkout) -> None:
    assert checkout.installed("run") == [RUN, PROJECT]


def test_tests_add_their_lock_to_what_is_there(checkout: Checkout) -> None:
    checkout.installed("run")
    assert checkout.installed("dev") == [DEV]


def test_spark_is_added_only_where_it_is_asked_for(checkout: Checkout) -> None:
    assert checkout.installed("dev") == [RUN, DEV, PROJECT]
    assert checkout.installed("spark") == [SPARK]
    assert checkout.installed("dev") == []
    assert checkout.installed("spark") == []


def test_the_page_needs_no_tests(checkout: Checkout) -> None:
    assert checkout.installed("web") == [RUN, WEB, PROJECT]
    assert checkout.installed("web") == []


def test_without_tkinter_qt_takes_its_place(checkout: Checkout) -> None:
    (checkout.folder / "without.tkinter").touch()
    assert checkout.installed("run") == [QT, PROJECT]


def test_qt_comes_beside_tkinter_where_it_is_asked_for(checkout: Checkout) -> None:
    checkout.installed("dev")
    assert checkout.installed("dev", "qt") == [QT]
    assert checkout.installed("dev", "qt") == []


def test_a_second_call_does_and_says_nothing(checkout: Checkout) -> None:
    checkout.installed("dev")
    assert checkout.installed("dev") == []
    assert checkout.installed("run") == []
    assert checkout.make("dev").stderr == ""


@pytest.mark.parametrize(
    ("changed", "installs"),
    [
        ("requirements/run.txt", [RUN]),
        ("requirements/dev.txt", [DEV]),
        ("setup.cfg", [PROJECT]),
        ("stockstream/version.py", [PROJECT]),
    ],
)
def test_what_changed_is_installed_again_and_nothing_else(
    checkout: Checkout, changed: str, installs: list[str]
) -> None:
    checkout.installed("dev")
    with (checkout.folder / changed).open("a") as file:
        file.write("# another\n")
    assert checkout.installed("dev") == installs


def test_an_install_that_was_cut_off_is_begun_afresh(checkout: Checkout) -> None:
    checkout.installed("run")
    remains = checkout.folder / ".venv" / "half"
    remains.touch()
    gone = subprocess.Popen(["true"])
    gone.wait()
    (checkout.folder / ".venv" / "installing").write_text(f"{gone.pid}\n")
    assert checkout.installed("run") == [RUN, PROJECT]
    assert not remains.exists()


def test_packages_that_could_not_be_installed_are_tried_again(checkout: Checkout) -> None:
    failing = checkout.folder / "pip.fails"
    failing.touch()
    result = checkout.make("run")
    assert result.returncode == 1
    assert "the packages of requirements/run.txt could not be installed" in result.stderr
    failing.unlink()
    assert checkout.installed("run") == [RUN, PROJECT]


def test_a_mistake_in_the_project_costs_no_new_environment(checkout: Checkout) -> None:
    checkout.installed("run")
    with (checkout.folder / "setup.cfg").open("a") as file:
        file.write("# a mistake\n")
    failing = checkout.folder / "pip.fails"
    failing.touch()
    assert "the project itself could not be installed" in checkout.make("run").stderr
    failing.unlink()
    assert checkout.installed("run") == [PROJECT]


def test_a_checkout_that_moved_gets_a_new_environment(checkout: Checkout) -> None:
    checkout.installed("run")
    moved = checkout.folder.rename(checkout.folder.with_name("elsewhere"))
    checkout.folder, checkout.python = moved, moved / "python"
    assert checkout.installed("run") == [RUN, PROJECT]


@pytest.mark.parametrize("python", ["/nowhere/python3", "/bin/sh"])
def test_what_is_no_python_is_refused_by_name(checkout: Checkout, python: str) -> None:
    result = checkout.make("run", python=python)
    assert result.returncode == 1
    assert result.stderr == f"stockstream: PYTHON={python} is not a Python 3.11 or later\n"


def test_a_python_without_ensurepip_names_the_package_to_install(checkout: Checkout) -> None:
    (checkout.folder / "without.ensurepip").touch()
    result = checkout.make("run")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"apt-get install python3.{sys.version_info.minor}-venv" in result.stderr
