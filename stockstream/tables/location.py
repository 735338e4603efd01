"""Where the tables are: a folder, or a prefix of a bucket of S3; each table is a folder below."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stockstream.config import Settings
from stockstream.config_choices import S3_PREFIX
from stockstream.errors import ConfigError
from stockstream.files import expanded

_ENDPOINTS: Final = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_REGIONS: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True)
class Location:
    """The folder of the tables; ``Location.of`` checks it.

    Attributes
    ----------
    text
        An absolute path, or ``s3://BUCKET/PREFIX``, without a slash at its end.
    """

    text: str

    @staticmethod
    def of(text: str) -> Location:
        """The location that a user named.

        >>> Location.of("s3://shares/tables/").uri("bars")
        's3://shares/tables/bars'

        Raises
        ------
        ConfigError
            It is neither a folder nor a prefix of a bucket.
        """
        if "://" not in text:
            return Location(str(expanded(text).absolute()))
        if not S3_PREFIX.fullmatch(text):
            raise ConfigError(f"{text} is no place for tables", hint="it is a folder, or s3://BUCKET/PREFIX")
        return Location(text.rstrip("/"))

    @staticmethod
    def chosen(option: str | None, settings: Settings) -> Location:
        """The location of an option, else that of the settings. Raises ConfigError."""
        return Location.of(option or settings.tables.dir or str(settings.data_dir / "tables"))

    @property
    def remote(self) -> bool:
        """Whether it is in a bucket of S3."""
        return self.text.startswith("s3://")

    @property
    def folder(self) -> Path | None:
        """The folder; None in a bucket."""
        return None if self.remote else Path(self.text)

    def uri(self, table: str) -> str:
        """The folder of a table, for delta-rs."""
        return f"{self.text}/{table}"

    def storage_options(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """The options of delta-rs for this location.

        Credentials are not among them: delta-rs finds them as all AWS clients do (environment, profile, instance).
        """
        if not self.remote:
            return {}
        # A commit is a PUT that fails if the object exists: without that, two writers could lose each other's rows.
        options = {"aws_conditional_put": "etag"}
        endpoint = next((environ[name] for name in _ENDPOINTS if environ.get(name)), None)
        if endpoint is not None:
            options["aws_endpoint_url"] = endpoint
            options["aws_allow_http"] = str(endpoint.startswith("http://")).lower()
            if not any(environ.get(name) for name in _REGIONS):
                options["aws_region"] = "us-east-1"  # other services ignore it, and a signature needs one
        return options
