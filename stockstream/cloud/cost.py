"""What the tables cost in AWS: prices from one dated file, and a month at a stated volume."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

_DAYS: Final = 30.4
"""Days of a month, on average."""

_HOURS: Final = 730
_WRITES_OF_A_COMMIT: Final = 2
"""Objects that a commit writes at the least: a file of rows and an entry of the log."""

_READS_OF_A_QUERY: Final = 200
"""Objects that a query reads, an assumption: the log since its last checkpoint, and files of one day."""


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """List prices in one region, in ``currency``, as they were on ``date``.

    ``sources`` are Amazon's own pages; ``seen`` says where each figure was found again on the date.
    """

    date: str
    region: str
    currency: str
    note: str
    sources: tuple[str, ...]
    seen: dict[str, str]
    s3_gb_month: float
    s3_thousand_writes: float
    s3_thousand_reads: float
    athena_tb_scanned: float
    athena_least_mb: float
    glue_dpu_hour: float
    glue_least_minutes: float
    glue_crawler_dpus: float
    ec2_t4g_small_hour: float
    ebs_gp3_gb_month: float
    public_ipv4_hour: float

    @staticmethod
    @cache
    def listed() -> Prices:
        """The prices of the file."""
        return msgspec.json.decode(files("stockstream.cloud").joinpath("prices.json").read_bytes(), type=Prices)

    def scan(self, scanned: int) -> float:
        """The price of one Athena query that scanned so many bytes; those that scanned nothing are free."""
        return max(scanned, self.athena_least_mb * 1e6) * self.athena_tb_scanned / 1e12 if scanned else 0.0


@dataclass(frozen=True)
class Volume:
    """What a month is computed for.

    Attributes
    ----------
    rows
        Records stored a day.
    row_bytes
        Bytes of a row in the tables.
    days
        Days that are kept.
    commit_seconds
        Seconds between two commits of each process.
    writers
        Processes that store.
    queries
        Athena queries a day.
    scanned_mb
        MB that a query scans.
    crawls
        Runs of the crawler a month.
    disk_gb
        Disk of an instance that runs broker, producers and store; 0 for none.
    """

    rows: int = 100_000
    row_bytes: int = 60
    days: int = 365
    commit_seconds: float = 10.0
    writers: int = 1
    queries: int = 20
    scanned_mb: float = 100.0
    crawls: int = 0
    disk_gb: int = 0


@dataclass(frozen=True)
class Cost:
    """A line of the bill: what, how much of it, and its price a month."""

    what: str
    amount: str
    month: float


def monthly(volume: Volume, prices: Prices) -> Iterator[Cost]:
    """The lines of a month's bill, once as many days are stored as are kept."""
    stored = volume.rows * volume.row_bytes * volume.days / 1e9
    yield Cost("S3 storage", f"{stored:,.2f} GB", stored * prices.s3_gb_month)
    commits = min(86_400 / volume.commit_seconds, volume.rows) * volume.writers * _DAYS
    writes = commits * _WRITES_OF_A_COMMIT
    yield Cost("S3 writes", f"{writes:,.0f} ({commits:,.0f} commits)", writes / 1e3 * prices.s3_thousand_writes)
    queries = volume.queries * _DAYS
    reads = queries * _READS_OF_A_QUERY
    yield Cost("S3 reads", f"{reads:,.0f}", reads / 1e3 * prices.s3_thousand_reads)
    scanned = prices.scan(int(volume.scanned_mb * 1e6))
    yield Cost("Athena", f"{queries:,.0f} queries of {volume.scanned_mb:g} MB", queries * scanned)
    yield Cost("Glue catalog", "some entries", 0.0)
    if volume.crawls:
        hours = volume.crawls * prices.glue_crawler_dpus * prices.glue_least_minutes / 60
        yield Cost("Glue crawler", f"{volume.crawls:,} runs, {hours:.1f} DPU hours", hours * prices.glue_dpu_hour)
    if volume.disk_gb:
        yield Cost("EC2 t4g.small", f"{_HOURS} h", _HOURS * prices.ec2_t4g_small_hour)
        yield Cost("EBS gp3", f"{volume.disk_gb:,} GB", volume.disk_gb * prices.ebs_gp3_gb_month)
        yield Cost("public IPv4", f"{_HOURS} h", _HOURS * prices.public_ipv4_hour)
