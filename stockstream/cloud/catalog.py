"""Entries of Glue's Data Catalog for the tables: made, kept current, and removed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import pyarrow as pa

from stockstream.cloud.clients import Entry, Session, TableInput, absent, translated
from stockstream.cloud.deployment import MARK, STORED, Deployment
from stockstream.errors import CloudError
from stockstream.tables.schema import TABLES, AnyTable
from stockstream.version import VERSION

_TYPES: Final[Mapping[pa.DataType, str]] = {
    pa.string(): "string",
    pa.float64(): "double",
    pa.int64(): "bigint",
    pa.int32(): "int",
    pa.bool_(): "boolean",
    pa.date32(): "date",
}


@dataclass(frozen=True)
class Change:
    """What was done to an entry: its kind, its name, and the deed."""

    kind: Literal["database", "table", "crawler"]
    name: str
    deed: Literal["created", "updated", "unchanged", "removed", "left: not made by stockstream", "left: not empty"]


class Catalog:
    """The entries of a deployment in Glue. Each method raises CloudError.

    Parameters
    ----------
    deployment
        The names.
    session
        The account and the region.
    """

    def __init__(self, deployment: Deployment, session: Session) -> None:
        self._names = deployment
        self._session = session
        self._glue = session.glue()

    def present(self) -> list[AnyTable]:
        """The tables that are in the bucket."""
        return [table for table in TABLES.values() if self._is_stored(table)]

    def publish(self, *, crawler_role: str | None = None) -> Iterator[Change]:
        """Create or update the database, an entry for each table in the bucket, and the crawler if it gets a role.

        Entries that others made are not changed: CloudError. Without a table in the bucket nothing is made: CloudError.
        """
        tables = self.present()
        if not tables:
            raise CloudError(
                f"there are no tables in {self._names.location.text}",
                hint=f"`stockstream store stocks --to {self._names.location.text}` makes one",
            )
        yield self._publish_database()
        for table in tables:
            yield self._publish_table(table)
        if crawler_role is not None:
            yield self._publish_crawler([self._names.location.uri(table.name) for table in tables], crawler_role)

    def remove(self) -> Iterator[Change]:
        """Remove what `publish` made, which its mark says; the tables in the bucket stay, and so do others' entries."""
        crawler = self._crawler()
        if crawler is not None:
            yield self._remove_crawler()
        database = self._database()
        if database is None:
            return
        others = False
        for entry in self._entries():
            if _is_ours(entry):
                with translated(f"remove the table {entry['Name']}"):
                    self._glue.delete_table(DatabaseName=self._names.database, Name=entry["Name"])
                yield Change("table", entry["Name"], "removed")
            else:
                others = True
                yield Change("table", entry["Name"], "left: not made by stockstream")
        if not _is_ours(database):
            yield Change("database", self._names.database, "left: not made by stockstream")
        elif others:
            yield Change("database", self._names.database, "left: not empty")
        else:
            with translated(f"remove the database {self._names.database}"):
                self._glue.delete_database(Name=self._names.database)
            yield Change("database", self._names.database, "removed")

    def _is_stored(self, table: AnyTable) -> bool:
        log = "/".join(filter(None, (self._names.prefix, table.name, "_delta_log/")))
        with translated(f"list {self._names.location.text}"):
            found = self._session.objects().list_objects_v2(Bucket=self._names.bucket, Prefix=log, MaxKeys=1)
        return bool(found.get("KeyCount"))

    def _publish_database(self) -> Change:
        name = self._names.database
        if self._database() is not None:
            return Change("database", name, "unchanged")
        entry = {"Name": name, "Description": "Tables of stockstream", "Parameters": MARK}
        with translated(f"create the database {name}"):
            self._glue.create_database(DatabaseInput=entry, Tags=MARK)
        return Change("database", name, "created")

    def _publish_table(self, table: AnyTable) -> Change:
        wanted = table_entry(table, self._names)
        name = str(wanted["Name"])
        known = self._known(lambda: self._glue.get_table(DatabaseName=self._names.database, Name=name)["Table"], name)
        if known is None:
            with translated(f"create the table {name}"):
                self._glue.create_table(DatabaseName=self._names.database, TableInput=wanted)
            return Change("table", name, "created")
        if not _is_ours(known):
            raise CloudError(
                f"the Glue table {self._names.database}.{name} exists, and stockstream did not make it",
                hint="choose another database with --database",
            )
        if _holds(known, wanted):
            return Change("table", name, "unchanged")
        wanted["Parameters"] = {**(known.get("Parameters") or {}), **wanted["Parameters"]}
        with translated(f"update the table {name}"):
            self._glue.update_table(DatabaseName=self._names.database, TableInput=wanted)
        return Change("table", name, "updated")

    def _publish_crawler(self, places: list[str], role: str) -> Change:
        name = self._names.crawler
        if self._crawler() is not None:
            return Change("crawler", name, "unchanged")
        with translated(f"create the crawler {name}"):
            self._glue.create_crawler(
                Name=name,
                Role=role,
                DatabaseName=self._names.database,
                Description="Keeps the columns of the entries current; it runs when it is started.",
                TablePrefix=STORED,
                Targets={
                    "DeltaTargets": [{"DeltaTables": places, "WriteManifest": False, "CreateNativeDeltaTable": True}]
                },
                SchemaChangePolicy={"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "LOG"},
                Tags=MARK,
            )
        return Change("crawler", name, "created")

    def _remove_crawler(self) -> Change:
        name = self._names.crawler
        if not self._is_tagged(name):
            return Change("crawler", name, "left: not made by stockstream")
        with translated(f"remove the crawler {name}"):
            self._glue.delete_crawler(Name=name)
        return Change("crawler", name, "removed")

    def _is_tagged(self, crawler: str) -> bool:
        arn = f"arn:aws:glue:{self._session.region}:{self._session.account()}:crawler/{crawler}"
        with translated(f"read the tags of the crawler {crawler}"):
            tags: dict[str, str] = self._glue.get_tags(ResourceArn=arn).get("Tags", {})
        return MARK.items() <= tags.items()

    def _database(self) -> Entry | None:
        name = self._names.database
        return self._known(lambda: self._glue.get_database(Name=name)["Database"], name)

    def _crawler(self) -> Entry | None:
        name = self._names.crawler
        return self._known(lambda: self._glue.get_crawler(Name=name)["Crawler"], name)

    def _entries(self) -> Iterator[Entry]:
        token: str | None = None
        found: list[Entry] = []
        while True:
            page = {} if token is None else {"NextToken": token}
            with translated(f"list the tables of {self._names.database}"):
                answer = self._glue.get_tables(DatabaseName=self._names.database, **page)
            found += answer["TableList"]
            token = answer.get("NextToken")
            if not token:
                return iter(found)

    @staticmethod
    def _known(ask: Callable[[], Entry], name: str) -> Entry | None:
        try:
            with translated(f"read {name} in Glue's catalog"):
                return ask()
        except CloudError as error:
            if absent(error):
                return None
            raise


def table_entry(table: AnyTable, names: Deployment) -> TableInput:
    """The entry of a table, as ``TableInput`` of Glue.

    Athena reads a Delta table by its log, and takes only location and ``table_type`` from here; the columns are for
    people, for Lake Formation and for other readers. Partition keys of a Delta table are columns like others.
    """
    place = names.location.uri(table.name)
    return {
        "Name": f"{STORED}{table.name}",
        "Description": f"Records of the topic {table.topic.name}, with every revision and repeat",
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [],
        "Parameters": {
            "EXTERNAL": "TRUE",
            "table_type": "DELTA",
            "classification": "delta",
            "spark.sql.sources.provider": "delta",
            "stockstream_version": VERSION,
            **MARK,
        },
        "StorageDescriptor": {
            "Columns": [{"Name": field.name, "Type": glue_type(field.type)} for field in table.schema],
            "Location": f"{place}/",
            "InputFormat": "org.apache.hadoop.mapred.SequenceFileInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
                "Parameters": {"path": f"{place}/", "serialization.format": "1"},
            },
        },
    }


def glue_type(kind: pa.DataType) -> str:
    """The type of a column in Glue. Raises TypeError for one that no column of ours has.

    >>> glue_type(pa.list_(pa.string())), glue_type(pa.timestamp("us", "UTC"))
    ('array<string>', 'timestamp')
    """
    if pa.types.is_list(kind):
        return f"array<{glue_type(kind.value_type)}>"
    if pa.types.is_map(kind):
        return f"map<{glue_type(kind.key_type)},{glue_type(kind.item_type)}>"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if kind not in _TYPES:
        raise TypeError(f"Glue has no type for {kind}")
    return _TYPES[kind]


def _is_ours(entry: Entry) -> bool:
    return MARK.items() <= (entry.get("Parameters") or {}).items()


def _holds(known: object, wanted: object) -> bool:
    """Whether an entry has all that is wanted; Glue and crawlers add to it."""
    if isinstance(wanted, Mapping):
        return isinstance(known, Mapping) and all(_holds(known.get(name), each) for name, each in wanted.items())
    return bool(known == wanted)
