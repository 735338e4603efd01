"""Files beside the tables, on disk or in a bucket: written as a whole, read as a whole, listed."""

from __future__ import annotations

from errno import ENOTDIR
from pathlib import PurePosixPath
from typing import Final

import pyarrow.fs as fs

from stockstream.tables.location import Location
from stockstream.tables.refusals import translated

_PART: Final = ".part"
_TRIES: Final = 10


class Objects:
    """The files below a folder of the location; nobody sees a file before it is complete.

    Parameters
    ----------
    location
        Folder of the tables.
    folder
        The folder below it, which the first write makes.

    Every method raises TableError where the place cannot be read or written.
    """

    def __init__(self, location: Location, folder: str) -> None:
        self.uri = location.uri(folder)
        self._local = not location.remote
        with translated("use", self.uri):
            whole, path = _file_system(location), self.uri.removeprefix("s3://")
            if location.folder is not None and location.folder.is_file():
                raise NotADirectoryError(ENOTDIR, "not a folder")
            self._files = fs.SubTreeFileSystem(path, whole)

    def names(self) -> set[str]:
        """Paths of all files, relative to the folder."""
        with translated("list", self.uri):
            found = self._files.get_file_info(fs.FileSelector("", recursive=True, allow_not_found=True))
        paths = {each.path.lstrip("/") for each in found if each.type == fs.FileType.File}
        return {path for path in paths if not path.endswith(_PART)}

    def write(self, name: str, content: bytes) -> None:
        """Write a file, in place of one that is there."""
        written = name + _PART if self._local else name  # in a bucket a file is there when it is complete
        with translated("write to", self.uri):
            if self._local:
                self._files.create_dir(str(PurePosixPath(name).parent), recursive=True)
            with self._files.open_output_stream(written, compression=None) as stream:
                stream.write(content)
            if self._local:
                self._files.move(written, name)

    def read(self, name: str) -> bytes:
        """The content of a file."""
        with translated("read from", self.uri), self._files.open_input_file(name) as stream:
            return bytes(stream.read())

    def remove(self, name: str) -> None:
        """Remove a file."""
        with translated("remove from", self.uri):
            self._files.delete_file(name)


def _file_system(location: Location) -> fs.FileSystem:
    if not location.remote:
        return fs.LocalFileSystem()
    options = location.storage_options()
    endpoint = options.get("aws_endpoint_url", "")
    scheme, _, host = endpoint.partition("://")
    chosen = {"endpoint_override": host, "scheme": scheme} if endpoint else {}
    if "aws_region" in options:
        chosen["region"] = options["aws_region"]
    return fs.S3FileSystem(retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_TRIES), **chosen)
