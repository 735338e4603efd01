"""Files of Hadoop's file systems, such as ``s3a://...``, as Spark itself reads and writes them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stockstream.errors import TableError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class HadoopFiles:
    """The files below a folder of one of Hadoop's file systems; as `stockstream.tables.objects.Objects`.

    Parameters
    ----------
    spark
        The session, whose Java works.
    uri
        The folder.

    Every method raises TableError where the place cannot be read or written.
    """

    def __init__(self, spark: SparkSession, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self._java: Any = spark._jvm  # noqa: SLF001 - PySpark has no other way to Hadoop's files
        with self._translated("use"):
            path = self._path("")
            self._files = path.getFileSystem(spark._jsc.hadoopConfiguration())  # noqa: SLF001
            self._root = str(self._files.makeQualified(path).toString()).rstrip("/")

    def names(self) -> set[str]:
        """Paths of all files, relative to the folder."""
        found = set()
        with self._translated("list"):
            if self._files.exists(self._path("")):
                files = self._files.listFiles(self._path(""), True)  # noqa: FBT003
                while files.hasNext():
                    found.add(str(files.next().getPath().toString()).removeprefix(f"{self._root}/"))
        return found

    def write(self, name: str, content: bytes) -> None:
        """Write a file, in place of one that is there."""
        with self._translated("write to"):
            stream = self._files.create(self._path(name), True)  # noqa: FBT003
            try:
                stream.write(content)
            finally:
                stream.close()

    def read(self, name: str) -> bytes:
        """The content of a file."""
        with self._translated("read from"):
            stream = self._files.open(self._path(name))
            try:
                return bytes(self._java.org.apache.commons.io.IOUtils.toByteArray(stream))
            finally:
                stream.close()

    def _path(self, name: str) -> Any:
        return self._java.org.apache.hadoop.fs.Path(f"{self.uri}/{name}".rstrip("/"))

    @contextmanager
    def _translated(self, deed: str) -> Iterator[None]:
        from py4j.protocol import Py4JJavaError  # an extra

        try:
            yield
        except Py4JJavaError as error:
            raise TableError(f"cannot {deed} {self.uri}: {error.java_exception.toString()}") from error
