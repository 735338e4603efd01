"""The jars of a Java program: named in a committed lock file, downloaded once, checked at every start.

A lock names each artifact of Maven Central by coordinate, SHA-256 and size, and no host. Kafka's (``jars.lock``) is
recreated, after a change of :data:`ROOTS`, by::

    python -m stockstream.kafka.jars lock

jgo downloads the artifacts but does not check them. So each one is downloaded into a temporary directory, checked, and
only then moved to its path. Files are checked again before each use: a crash, a full disk or a proxy that alters
downloads cannot leave a damaged jar that is used.
"""

from __future__ import annotations

import errno
import hashlib
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stockstream.errors import BrokerError
from stockstream.kafka.filelock import FileLock

KAFKA_VERSION = "4.3.1"
# Without a binding for slf4j, Kafka would end without a reason; java.util.logging has log files of limited size.
ROOTS = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-jdk14:1.7.36")

_PARALLEL = 6
_ATTEMPTS = 3
_PATIENCE = 600.0  # seconds for another process that fetches the same

Progress = Callable[[int, int], None]
"""Called with the bytes downloaded and the total, several times a second, in the caller's thread."""


@dataclass(frozen=True)
class Jar:
    """One artifact as the lock names it: ``group:artifact:version``, SHA-256 in hex, and size in bytes."""

    coordinate: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The file's name, as in a Maven repository."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def matches(self, file: Path) -> bool:
        """Whether the file exists and is exactly this artifact."""
        try:
            with file.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest() == self.sha256
        except FileNotFoundError:
            return False


@dataclass(frozen=True)
class Library:
    """A program made of jars.

    Parameters
    ----------
    name, version
        As a user knows it.
    module
        The module that makes its lock.
    roots
        The coordinates from which the lock is made.
    complete
        Whether the roots alone are all that is needed; otherwise, what they need at run time is in the lock, too.
    """

    name: str
    version: str
    module: str
    lock: Path
    roots: tuple[str, ...]
    complete: bool = False

    def jars(self) -> tuple[Jar, ...]:
        """All jars of the lock file, in the order of the class path."""
        lines = (line for line in self.lock.read_text("ascii").splitlines() if not line.startswith("#"))
        return tuple(Jar(coordinate, sha256, int(size)) for coordinate, sha256, size in map(str.split, lines))

    def store(self, cache: Path) -> Path:
        """The folder of this version in the cache."""
        return cache / f"{self.name.lower()}-{self.version}"


KAFKA = Library("Kafka", KAFKA_VERSION, "stockstream.kafka.jars", Path(__file__).with_name("jars.lock"), ROOTS)


def fetch(
    cache: Path,
    library: Library = KAFKA,
    *,
    jars: Sequence[Jar] | None = None,
    remote_repos: Mapping[str, str] | None = None,
    on_progress: Progress = lambda *_: None,
    on_damaged: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Return the paths of all jars, after downloading those that are missing or damaged.

    Parameters
    ----------
    cache
        Directory of the cache; each version of a library has its own folder in it.
    library
        Whose jars these are.
    jars
        The jars to fetch; by default all of the lock file.
    remote_repos
        Maven repositories, name to URL; by default Maven Central.
    on_progress
        See :data:`Progress`; not called if nothing is fetched.
    on_damaged
        Called with the name of each damaged jar; it is fetched again.

    Raises
    ------
    BrokerError
        Names the jar or directory: no network, a jar that differs from the lock, a full disk, a missing right.
    """
    jars = library.jars() if jars is None else jars
    store = library.store(cache)
    try:
        if not all(jar.matches(store / jar.name) for jar in jars):
            store.mkdir(parents=True, exist_ok=True)
            # Two first runs at once: the second waits, and then finds everything there.
            with FileLock(store / "fetch.lock", patience=_PATIENCE):
                missing = [jar for jar in jars if not jar.matches(store / jar.name)]
                for jar in missing:
                    if (store / jar.name).exists():
                        on_damaged(jar.name)
                _fetch_all(library, missing, store, remote_repos, on_progress)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise BrokerError(
            f"cannot keep {library.name}'s jars in {store}: {error.strerror or error}",
            hint=("make room there (100 MB), or " if full else "") + "set another cache_dir",
        ) from error
    return [store / jar.name for jar in jars]


class _Stopped(Exception):
    """Raised inside a download when another one failed, or the user ended the program."""


class _Counter:
    """Counts bytes over all downloads; jgo's progress callback."""

    def __init__(self) -> None:
        self.done = 0
        self.stopped = threading.Event()
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self, filename: str, size: int) -> Iterator[Callable[[int], None]]:  # noqa: ARG002 - jgo's shape
        """Count one download; the bytes of a failed download are subtracted."""
        counted = 0

        def update(count: int) -> None:
            nonlocal counted
            if self.stopped.is_set():
                raise _Stopped
            counted += count
            with self._lock:
                self.done += count

        try:
            yield update
        except BaseException:
            with self._lock:
                self.done -= counted
            raise


def _fetch_all(
    library: Library, jars: Sequence[Jar], store: Path, remote_repos: Mapping[str, str] | None, report: Progress
) -> None:
    """Download several at a time; the first failure stops the others, complete files stay."""
    total = sum(jar.size for jar in jars)
    counter = _Counter()
    partial = store / "partial"
    shutil.rmtree(partial, ignore_errors=True)  # left by a killed run; the lock excludes other processes
    partial.mkdir()
    pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="fetch")
    try:
        running: set[Future[None]] = {pool.submit(_fetch, library, jar, partial, remote_repos, counter) for jar in jars}
        while running:
            finished, running = wait(running, timeout=0.1, return_when=FIRST_EXCEPTION)
            report(counter.done, total)
            for future in finished:
                future.result()
    finally:
        counter.stopped.set()
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(partial, ignore_errors=True)


def _fetch(
    library: Library, jar: Jar, partial: Path, remote_repos: Mapping[str, str] | None, counter: _Counter
) -> None:
    """Download one jar, check it, and move it to its path, the folder above the partial ones."""
    import requests  # these are slow to import, and only needed on the first run
    import stamina
    from jgo.maven import MavenContext, PythonResolver

    resolver = PythonResolver(progress_callback=counter)
    repos = None if remote_repos is None else dict(remote_repos)
    try:
        # jgo says RuntimeError to every answer but 200.
        for attempt in stamina.retry_context((requests.RequestException, RuntimeError), attempts=_ATTEMPTS, wait_max=2):
            with attempt, tempfile.TemporaryDirectory(dir=partial) as folder:
                context = MavenContext(resolver, repo_cache=Path(folder), remote_repos=repos)
                file = context.create_dependency(jar.coordinate).artifact.resolve()
                if not jar.matches(file):
                    raise BrokerError(
                        f"{jar.name} came damaged or changed (its SHA-256 is not the one in jars.lock) and is refused",
                        hint="try again; if it stays so, something between you and the repository alters downloads",
                    )
                file.replace(partial.parent / jar.name)
    except requests.RequestException as error:
        raise BrokerError(
            f"cannot fetch {jar.name} of {library.name} {library.version}: no connection to the Maven repository",
            hint="try again when the network is there; what has come so far is kept",
        ) from error
    except RuntimeError as error:
        raise BrokerError(
            f"cannot fetch {jar.name} of {library.name} {library.version}: the Maven repository does not give it",
            hint="try again later, or check whether a proxy blocks it",
        ) from error


def make_lock(library: Library, remote_repos: Mapping[str, str] | None = None) -> None:
    """Resolve the roots, with everything they need at run time unless they are complete, and write the lock."""
    from jgo.maven import MavenContext, PythonResolver

    with tempfile.TemporaryDirectory() as folder:
        repos = None if remote_repos is None else dict(remote_repos)
        context = MavenContext(PythonResolver(), repo_cache=Path(folder), remote_repos=repos, timeout=30)
        found = [context.create_dependency(root) for root in library.roots]
        if not library.complete:
            resolved, needed = context.resolver.resolve(found)
            found = [*resolved, *needed]
        lines = []
        for dependency in found:
            content = dependency.artifact.resolve().read_bytes()
            coordinate = f"{dependency.groupId}:{dependency.artifactId}:{dependency.version}"
            lines.append(f"{coordinate} {hashlib.sha256(content).hexdigest()} {len(content)}\n")
    library.lock.write_text(
        f"# Maven coordinate, SHA-256 and size of each jar; made by: python -m {library.module} lock\n"
        + "".join(sorted(lines)),
        "ascii",
    )


if __name__ == "__main__":
    if sys.argv[1:] != ["lock"]:
        sys.exit("usage: python -m stockstream.kafka.jars lock")
    make_lock(KAFKA)
