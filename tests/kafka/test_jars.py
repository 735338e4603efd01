"""The jars: downloaded completely or not at all, from a faulty repository."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stockstream.errors import BrokerError
from stockstream.kafka.broker import free_port
from stockstream.kafka.jars import KAFKA, KAFKA_VERSION, Jar, Library, fetch, make_lock
from tests.kafka.maven import Repository, repository
from tests.kafka.small_disk import on_small_disk
from tests.kafka.streams import until

ONE, TWO, THREE = "org.example:one:1.0", "org.example:two:2.0", "org.example.deep:three:3.0"


@pytest.fixture
def repo() -> Iterator[Repository]:
    with repository() as served:
        yield served


@pytest.fixture
def wanted(repo: Repository) -> list[Jar]:
    return [repo.add(ONE), repo.add(TWO), repo.add(THREE)]


def store(cache: Path) -> Path:
    return KAFKA.store(cache)


def names(cache: Path) -> set[str]:
    return {file.name for file in store(cache).iterdir()} - {"fetch.lock"}


def test_the_lock_names_kafka_and_no_host() -> None:
    coordinates = [jar.coordinate for jar in KAFKA.jars()]
    assert f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}" in coordinates
    assert set(KAFKA.roots) <= set(coordinates)
    assert len({jar.name for jar in KAFKA.jars()}) == len(coordinates) == 46
    assert "://" not in KAFKA.lock.read_text()


def test_the_real_jars_are_those_of_the_lock(kafka_jars: list[Path]) -> None:
    assert all(jar.matches(file) for jar, file in zip(KAFKA.jars(), kafka_jars, strict=True))


def test_they_are_fetched_once(tmp_path: Path, repo: Repository, wanted: list[Jar]) -> None:
    seen: list[tuple[int, int]] = []
    for _ in range(2):
        files = fetch(
            tmp_path,
            jars=wanted,
            remote_repos={"local": repo.url},
            on_progress=lambda done, total: seen.append((done, total)),
        )
        assert [file.name for file in files] == ["one-1.0.jar", "two-2.0.jar", "three-3.0.jar"]
        assert all(jar.matches(file) for jar, file in zip(wanted, files, strict=True))
    assert sorted(repo.jars_asked_for) == ["one-1.0.jar", "three-3.0.jar", "two-2.0.jar"]
    assert seen[-1] == (300_000, 300_000)
    assert seen == sorted(seen)
    assert names(tmp_path) == {jar.name for jar in wanted}


def test_a_damaged_one_is_reported_and_fetched_again(tmp_path: Path, repo: Repository, wanted: list[Jar]) -> None:
    files = fetch(tmp_path, jars=wanted, remote_repos={"local": repo.url})
    content = bytearray(files[1].read_bytes())
    content[50_000] ^= 1
    files[1].write_bytes(content)
    files[2].write_bytes(files[2].read_bytes()[:70_000])
    repo.requests.clear()
    damaged: list[str] = []
    fetch(tmp_path, jars=wanted, remote_repos={"local": repo.url}, on_damaged=damaged.append)
    assert sorted(damaged) == sorted(repo.jars_asked_for) == ["three-3.0.jar", "two-2.0.jar"]
    assert all(jar.matches(file) for jar, file in zip(wanted, files, strict=True))


def test_a_damaged_one_without_network_is_refused_by_name(tmp_path: Path, repo: Repository, wanted: list[Jar]) -> None:
    files = fetch(tmp_path, jars=wanted, remote_repos={"local": repo.url})
    files[0].write_bytes(b"damaged")
    with pytest.raises(BrokerError, match=r"one-1\.0\.jar.*no connection") as caught:
        fetch(tmp_path, jars=wanted, remote_repos={"gone": f"http://127.0.0.1:{free_port()}"})
    assert "network" in str(caught.value.hint)


def test_one_that_is_not_the_lock_s_is_refused_by_name(tmp_path: Path, repo: Repository, wanted: list[Jar]) -> None:
    repo.files[repo.path(TWO)] = b"x" * 100_000
    with pytest.raises(BrokerError, match=r"two-2\.0\.jar came damaged or changed"):
        fetch(tmp_path, jars=wanted, remote_repos={"local": repo.url})
    assert repo.jars_asked_for.count("two-2.0.jar") == 1
    assert names(tmp_path) <= {"one-1.0.jar", "three-3.0.jar"}


def test_without_network_it_says_so_and_names_no_host(tmp_path: Path, wanted: list[Jar]) -> None:
    with pytest.raises(BrokerError, match="no connection") as caught:
        fetch(tmp_path, jars=wanted, remote_repos={"gone": f"http://127.0.0.1:{free_port()}/secret"})
    assert "127.0.0.1" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert names(tmp_path) == set()


def test_one_that_the_repository_lacks_is_reported_by_name(tmp_path: Path, repo: Repository, wanted: list[Jar]) -> None:
    del repo.files[repo.path(THREE)]
    with pytest.raises(BrokerError, match=r"three-3\.0\.jar.*does not give it") as caught:
        fetch(tmp_path, jars=wanted, remote_repos={"local": repo.url})
    assert "127.0.0.1" not in str(caught.value)


def test_a_connection_that_breaks_is_tried_again(tmp_path: Path, repo: Repository, wanted: list[Jar]) -> None:
    repo.cut[repo.path(ONE)] = 3
    with pytest.raises(BrokerError, match=r"one-1\.0\.jar.*no connection"):
        fetch(tmp_path, jars=wanted[:1], remote_repos={"local": repo.url})
    assert repo.jars_asked_for == ["one-1.0.jar"] * 3
    assert names(tmp_path) == set()

    repo.cut[repo.path(ONE)] = 1
    seen: list[int] = []
    files = fetch(
        tmp_path, jars=wanted[:1], remote_repos={"local": repo.url}, on_progress=lambda done, _: seen.append(done)
    )
    assert wanted[0].matches(files[0])
    assert seen[-1] == 100_000


FETCH = """
import sys
from pathlib import Path
from stockstream.errors import BrokerError
from stockstream.kafka.jars import Jar, fetch
jars = [Jar(*jar.split(",")[:2], int(jar.split(",")[2])) for jar in sys.argv[3:]]
try:
    fetch(Path(sys.argv[1]), jars=jars, remote_repos={"local": sys.argv[2]})
except BrokerError as error:
    print(error)
"""


def fetching(cache: Path, repo: Repository, wanted: list[Jar]) -> subprocess.Popen[bytes]:
    described = [f"{jar.coordinate},{jar.sha256},{jar.size}" for jar in wanted]
    return subprocess.Popen([sys.executable, "-c", FETCH, str(cache), repo.url, *described])


def test_a_run_that_is_killed_leaves_nothing_that_counts(tmp_path: Path, repo: Repository, wanted: list[Jar]) -> None:
    repo.go_on.clear()
    process = fetching(tmp_path, repo, wanted)
    assert repo.asked.wait(120)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert "partial" in names(tmp_path)
    repo.go_on.set()
    files = fetch(tmp_path, jars=wanted, remote_repos={"local": repo.url})
    assert all(jar.matches(file) for jar, file in zip(wanted, files, strict=True))
    assert names(tmp_path) == {jar.name for jar in wanted}


def test_two_first_runs_at_once_fetch_each_jar_once(tmp_path: Path, repo: Repository, wanted: list[Jar]) -> None:
    repo.go_on.clear()
    processes = [fetching(tmp_path, repo, wanted) for _ in range(2)]
    lock = str(store(tmp_path) / "fetch.lock")
    for process in processes:
        until(lambda: lock in [file.path for file in psutil.Process(process.pid).open_files()])  # noqa: B023 - at once
    repo.go_on.set()
    assert [process.wait(120) for process in processes] == [0, 0]
    assert sorted(repo.jars_asked_for) == ["one-1.0.jar", "three-3.0.jar", "two-2.0.jar"]


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    # The small disk is another process's, and so is its repository.
    program = """
import sys
from pathlib import Path
from stockstream.errors import BrokerError
from stockstream.kafka.jars import fetch
from tests.kafka.maven import repository
with repository() as repo:
    jars = [repo.add("org.example:one:1.0"), repo.add("org.example:two:2.0")]
    try:
        fetch(Path(sys.argv[1]), jars=jars, remote_repos={"local": repo.url})
    except BrokerError as error:
        print(error)
    print(*sorted(file.name for file in Path(sys.argv[1]).glob("*/*")))
"""
    result, left = on_small_disk(program, tmp_path, kilobytes=80).splitlines()
    assert result == (
        f"cannot keep Kafka's jars in {store(tmp_path)}: No space left on device"
        " - make room there (100 MB), or set another cache_dir"
    )
    assert left == "fetch.lock"


def test_a_cache_that_cannot_be_made_is_reported(tmp_path: Path, wanted: list[Jar]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BrokerError, match=r"cannot keep Kafka's jars in .*file.*Not a directory"):
        fetch(tmp_path / "file" / "cache", jars=wanted)


@pytest.mark.parametrize("complete", [False, True])
def test_the_lock_is_made_of_what_is_needed_at_run_time(tmp_path: Path, repo: Repository, complete: bool) -> None:
    def needs(coordinate: str, scope: str) -> str:
        group, artifact, version = coordinate.split(":")
        return (
            f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
            f"<version>{version}</version><scope>{scope}</scope></dependency>"
        )

    two = repo.add(TWO)
    repo.add(THREE)
    one = repo.add(ONE, needs=needs(TWO, "runtime") + needs(THREE, "test"))
    library = Library("Example", "1.0", "example.jars", tmp_path / "jars.lock", (ONE,), complete)
    make_lock(library, {"local": repo.url})
    assert library.jars() == ((one,) if complete else (one, two))
    assert "made by: python -m example.jars lock" in library.lock.read_text()


def test_each_library_has_a_folder_and_is_named(tmp_path: Path, repo: Repository, wanted: list[Jar]) -> None:
    library = Library("Example", "1.0", "example.jars", tmp_path / "jars.lock", (ONE, TWO, THREE))
    make_lock(library, {"local": repo.url})
    files = fetch(tmp_path, library, remote_repos={"local": repo.url})
    assert {file.parent for file in files} == {tmp_path / "example-1.0"}
    files[0].unlink()
    with pytest.raises(BrokerError, match=r"cannot fetch .* of Example 1\.0"):
        fetch(tmp_path, library, remote_repos={"gone": f"http://127.0.0.1:{free_port()}"})
