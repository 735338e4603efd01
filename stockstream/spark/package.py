"""The package itself as an archive, which goes with an application to the executors of a cluster."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import stockstream
from stockstream.files import replacing
from stockstream.spark.jars import CONNECTOR
from stockstream.version import VERSION


def archive(cache: Path) -> Path:
    """The path of a zip with this package, from which Python imports it; made unless it is there.

    Its name has a hash of its content: an application that runs keeps its own when the package changes.

    Parameters
    ----------
    cache
        Directory of the cache.

    Raises
    ------
    StockstreamError
        It cannot be written.
    """
    root = Path(stockstream.__file__).parent
    files = sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    content = {f"{root.name}/{path.relative_to(root).as_posix()}": path.read_bytes() for path in files}
    digest = hashlib.sha256(b"".join(name.encode() + data for name, data in content.items())).hexdigest()
    target = CONNECTOR.store(cache) / f"stockstream-{VERSION}-{digest[:12]}.zip"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with (
            replacing(target, hint="set another cache_dir") as beside,
            zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as packed,
        ):
            for name, data in content.items():
                packed.writestr(name, data)
    return target
