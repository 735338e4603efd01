"""What stockstream has in an account of AWS, and the names of it all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stockstream.config import Settings
from stockstream.errors import ConfigError
from stockstream.tables.location import Location

MARK: Final = {"made_by": "stockstream"}
"""Tag of what we make; entries of Glue's tables take no tags, and have it as a parameter."""

STORED: Final = "stored_"
"""Prefix of the tables as they were written, with every revision and repeat; the views leave it out."""


@dataclass(frozen=True)
class Deployment:
    """Names in AWS.

    Attributes
    ----------
    location
        The tables: a prefix of a bucket.
    database
        Glue's database.
    workgroup
        Athena's work group.
    results
        Where Athena writes results: ``s3://BUCKET/PREFIX/``.
    """

    location: Location
    database: str
    workgroup: str
    results: str

    @staticmethod
    def chosen(to: str | None, database: str | None, settings: Settings) -> Deployment:
        """The deployment of the options, else of the settings. Raises ConfigError if the tables are not on S3."""
        location = Location.chosen(to, settings)
        if not location.remote:
            raise ConfigError(
                f"the tables are in {location.text}, where AWS does not see them",
                hint="store them in a bucket: tables.dir or --to s3://BUCKET/PREFIX",
            )
        cloud = settings.cloud
        results = (cloud.results or f"{location.text}/athena-results").rstrip("/") + "/"
        return Deployment(location, database or cloud.database, cloud.workgroup, results)

    @property
    def bucket(self) -> str:
        """The bucket of the tables."""
        return self.location.text.removeprefix("s3://").partition("/")[0]

    @property
    def prefix(self) -> str:
        """The prefix of the tables in the bucket, without slashes at its ends; empty for the whole bucket."""
        return self.location.text.removeprefix("s3://").partition("/")[2]

    @property
    def crawler(self) -> str:
        """Name of the crawler."""
        return f"{self.database}-tables"
