"""Statements can only read, and only the tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from stockstream import tables
from stockstream.errors import StockstreamError
from stockstream.tables.statements import explained, statements
from tests.tables.lake import store_bars
from tests.views.bars import walk

WRITES = [
    "CREATE TABLE mine (i INTEGER)",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE OR REPLACE VIEW bars AS SELECT 1",
    "CREATE MACRO mine() AS 1",
    "DROP VIEW bars",
    "DROP MACRO TABLE sma",
    "INSERT INTO bars SELECT * FROM bars",
    "DELETE FROM bars",
    "COPY (SELECT 1) TO '{folder}/out.csv'",
    "COPY (SELECT 1) TO '{folder}/out.parquet' (FORMAT parquet)",
    "EXPORT DATABASE '{folder}/all'",
    "ATTACH '{folder}/other.duckdb' AS other",
    "ATTACH ':memory:' AS other",
    "CREATE SECRET (TYPE s3)",
]
READS = [
    "FROM read_csv('{folder}/secret.csv')",
    "FROM read_text('{folder}/secret.csv')",
    "FROM read_blob('{folder}/secret.csv')",
    "FROM read_json('{folder}/secret.csv')",
    "FROM '{folder}/secret.csv'",
    "FROM '{folder}/bars/*/*.parquet'",
    "FROM read_parquet('{folder}/bars/*/*.parquet')",
    "FROM parquet_metadata('{folder}/bars/*/*.parquet')",
    "FROM glob('{folder}/*')",
    "FROM sniff_csv('{folder}/secret.csv')",
    "FROM read_csv('https://example.com/x.csv')",
    "FROM read_parquet('s3://bucket/x.parquet')",
    "FROM here",  # a variable of Python
    "SELECT getenv('HOME')",
    "INSTALL httpfs",
    "LOAD httpfs",
    "IMPORT DATABASE '{folder}'",
    "FROM enable_logging()",
]
SETTINGS = [
    "SET enable_external_access = true",
    "SET threads = 4",
    "SET lock_configuration = false",
    "RESET threads",
    "PRAGMA threads = 4",
    "SET allowed_paths = ['/']",
    "SET temp_directory = '{folder}'",
    "PRAGMA enable_profiling",
    "CALL enable_logging()",
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, duckdb.DuckDBPyConnection]]:
    """A folder with a table and another file, and a connection to the tables."""
    folder = tmp_path_factory.mktemp("small")
    store_bars(folder, walk(3))
    (folder / "secret.csv").write_text("a\n1\n")
    connection = tables.connect(folder)
    yield folder, connection
    connection.close()


@pytest.mark.parametrize("statement", [*WRITES, *READS, *SETTINGS])
def test_nothing_is_written_and_nothing_beyond_the_tables_is_reached(
    statement: str, small: tuple[Path, duckdb.DuckDBPyConnection]
) -> None:
    folder, connection = small
    here = pd.DataFrame({"a": [1]})
    before = sorted(folder.rglob("*"))
    text = statement.format(folder=folder.as_posix())
    with pytest.raises(duckdb.Error) as caught:
        connection.execute(text)
    assert "\n" not in str(explained(str(caught.value), text))
    assert sorted(folder.rglob("*")) == before
    assert len(here) == 1
    assert connection.execute("SELECT count(*) FROM bars").fetchone() == (3,)


@pytest.mark.parametrize("statement", [*WRITES, *SETTINGS, "BEGIN", "CHECKPOINT", "SET VARIABLE a = 1", "VACUUM"])
def test_a_statement_that_does_not_read_is_refused_before_it_runs(statement: str) -> None:
    with pytest.raises(StockstreamError, match=f"^{statement.split()[0]} is refused: the tables can only be read"):
        statements(f"SELECT 1; {statement}")


def test_what_reads_is_let_through() -> None:
    for text in ("SELECT 1", "FROM bars", "WITH a AS (SELECT 1) FROM a", 'FROM a AS "update"', "DESCRIBE bars",
                 "SHOW TABLES", "VALUES (1)", "SUMMARIZE bars", "EXPLAIN SELECT 1",
                 "PIVOT bars ON symbol USING count(*)",
                 "WITH g AS (WITH s AS (SELECT (1)) SELECT count(*) delete FROM s) FROM g"):  # fmt: skip
        assert len(statements(text)) == 1


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("WITH x AS (INSERT INTO bars SELECT * FROM bars) SELECT 1", "INSERT"),
        ("WITH x AS MATERIALIZED ( DELETE FROM stored_bars RETURNING *) FROM x", "DELETE"),
        ("WITH a AS (SELECT 1), x AS (UPDATE bars SET close = 1) FROM a", "UPDATE"),
        ("WITH g AS (WITH s AS (SELECT 1) DELETE FROM stored_bars RETURNING *) FROM g", "DELETE"),
        ("WITH g AS (WITH s(a) AS (SELECT (1)), z AS (SELECT 2) INSERT INTO bars FROM z) FROM g", "INSERT"),
    ],
)
def test_a_with_that_would_write_is_refused_as_such(statement: str, word: str) -> None:
    with pytest.raises(StockstreamError, match=f"^{word} is refused: the tables can only be read"):
        statements(statement)


PIVOT = "PIVOT bars ON symbol USING count(*)"


@pytest.mark.parametrize(
    "statement",
    [
        *(
            f"EXPLAIN ANALYZE {statement}"
            for statement in ("CREATE OR REPLACE TEMP VIEW bars AS SELECT 1", "DROP VIEW bars")
        ),
        "/* \u00e9 */ explain -- ?\n analyse /* a /* b */ */ DROP VIEW stored_bars",
        "EXPLAIN ANALYZE /* /* */ SELECT 1 -- */ DROP VIEW stored_bars",
        "EXPLAIN (ANALYZE, FORMAT json) DROP VIEW stored_bars",
        f"CREATE TEMP TABLE bars AS {PIVOT}",
        f"INSERT INTO bars {PIVOT}",
        f"EXPLAIN ANALYZE CREATE TEMP TABLE bars AS {PIVOT}",
    ],
)
def test_what_explain_runs_and_pivot_fills_is_refused_too(statement: str) -> None:
    with pytest.raises(StockstreamError, match=r"^(CREATE|DROP|INSERT) is refused: the tables can only be read"):
        statements(statement)


@pytest.mark.parametrize("before", ["", "EXPLAIN ", "EXPLAIN ANALYZE ", "EXPLAIN (ANALYZE, FORMAT json) "])
def test_what_reads_is_explained(before: str) -> None:
    for text in ("SELECT ')'", "(SELECT 1) UNION (SELECT 2)", "FROM bars", "DESCRIBE bars", PIVOT, f"FROM ({PIVOT})"):
        assert len(statements(f"/* it */ {before}{text}")) == 1


def test_a_statement_has_a_limit_on_the_disk(small: tuple[Path, duckdb.DuckDBPyConnection]) -> None:
    _, connection = small
    assert connection.execute("SELECT current_setting('max_temp_directory_size')").fetchone() == ("3.7 GiB",)
