"""``stockstream cloud sql`` against moto's Athena, which runs no SQL: the results are those that a test has queued."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stockstream.cli import main
from stockstream.cli.context import Invocation
from stockstream.cloud.athena import Execution, Query
from stockstream.cloud.deployment import Deployment
from stockstream.errors import CloudError
from stockstream.tables.location import Location
from stockstream.tables.sql import open_database
from tests.cli.helpers import clean
from tests.cloud.conftest import Account
from tests.tables.lake import store_bars
from tests.views.bars import bar

COLUMNS = (
    ("symbol", "varchar"),
    ("time", "timestamp with time zone"),
    ("close", "double"),
    ("n", "bigint"),
    ("day", "date"),
)
ROWS = (
    ("AAPL", "2026-03-02 14:30:00.000 UTC", "0.30000000000000004", "7", "2026-03-02"),
    ("=1+1", "2026-03-02 09:31:00.500 America/New_York", None, None, None),
)


def queue(
    account: Account, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str | None]], *, scale: int = 0
) -> None:
    """Have the next query of moto's Athena give this."""
    header = {"Data": [{"VarCharValue": name} for name, _ in columns]}
    lines = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in rows]
    result = {
        "rows": [header, *lines],
        "column_info": [{"Name": name, "Type": kind, "CatalogName": "hive", "Scale": scale} for name, kind in columns],
    }
    told(account, "static/athena/query-results", {"results": [result], "region": "us-east-1"})


def told(account: Account, path: str, what: object) -> None:
    """Tell moto itself something."""
    body = json.dumps(what).encode()
    address = f"http://127.0.0.1:{account.bucket.port}/moto-api/{path}"
    urllib.request.urlopen(urllib.request.Request(address, body, {"Content-Type": "application/json"})).close()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: Account) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STOCKSTREAM_STATE_DIR", str(tmp_path / "state"))
    (tmp_path / "config.yaml").write_text(f"tables: {{dir: '{account.place}'}}\n")


@pytest.mark.usefixtures("here")
def test_a_result_as_table_csv_and_json(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    shown = {}
    for option in ("--rows=0", "--csv", "--json"):
        queue(account, COLUMNS, ROWS)
        assert main.call(Invocation(), ["cloud", "sql", "SELECT * FROM stored_bars", option]) == 0
        shown[option] = capsys.readouterr()
    header, first, second, count = shown["--rows=0"].out.splitlines()
    assert header.split() == ["symbol", "time", "close", "n", "day"]
    assert first.split() == ["AAPL", "2026-03-02", "14:30Z", "0.3", "7", "2026-03-02"]
    assert second.split() == ["=1+1", "2026-03-02", "14:31:00.5Z", "-", "-", "-"]
    assert count == "(2 rows)"
    assert "scanned" in shown["--rows=0"].err
    assert "USD at the prices of" in shown["--rows=0"].err
    lines = list(csv.reader(io.StringIO(shown["--csv"].out)))
    assert lines[1] == ["AAPL", "2026-03-02T14:30:00Z", "0.30000000000000004", "7", "2026-03-02"]
    assert lines[2] == ["'=1+1", "2026-03-02T14:31:00.500000Z", "", "", ""]
    assert json.loads(shown["--json"].out)[1]["close"] is None


@pytest.mark.usefixtures("here")
def test_offsets_decimals_short_rows_and_repeated_names(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    columns = (("time", "timestamp with time zone"), ("total", "decimal"), ("a", "bigint"), ("a", "bigint"))
    rows = (("2026-03-02 15:30:00.000 +01:00", "5.00", "1", "2"), ("2026-03-02 09:00:00.000 -05:30", "0.25"))
    queue(account, columns, rows, scale=2)
    assert main.call(Invocation(), ["cloud", "sql", "SELECT 1", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["time"], second["time"]) == ("2026-03-02T14:30:00Z", "2026-03-02T14:30:00Z")
    assert [float(each["total"]) for each in (first, second)] == [5.0, 0.25]
    assert list(first) == list(second) == ["time", "total", "a", "a_1"]
    assert [(each["a"], each["a_1"]) for each in (first, second)] == [(1, 2), (None, None)]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("timestamp with time zone", "2026-03-02 14:30:00.000 Mars/Olympus"),
        ("decimal", "five"),
        ("bigint", "9223372036854775808"),
        ("date", "10000-01-01"),
    ],
)
def test_the_price_is_said_even_where_the_result_cannot_be_read(
    account: Account, capsys: pytest.CaptureFixture[str], kind: str, cell: str
) -> None:
    queue(account, [("value", kind)], [(cell,)])
    assert main.call(Invocation(), ["cloud", "sql", "SELECT 1"]) == 1
    told = capsys.readouterr().err
    assert "stockstream: Athena's result cannot be read: " in told
    assert "USD at the prices of" in told


@pytest.mark.usefixtures("here")
def test_statement_database_place_of_results_and_work_group_arrive(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    queue(account, COLUMNS, ROWS)
    assert main.call(Invocation(), ["cloud", "sql", "SELECT 1", "--database", "prices"]) == 0
    number = capsys.readouterr().err.split()[1]
    execution = account.client("athena").get_query_execution(QueryExecutionId=number)["QueryExecution"]
    assert execution["Query"] == "SELECT 1"
    assert execution["QueryExecutionContext"]["Database"] == "prices"
    assert execution["ResultConfiguration"]["OutputLocation"].startswith(f"{account.place}/athena-results/")
    assert execution["WorkGroup"] == "primary"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_cancels_the_query_in_athena(account: Account, tmp_path: Path) -> None:
    keep = {"model_name": "athena::execution", "transition": {"progression": "time", "seconds": 600}}
    told(account, "state-manager/set-transition", keep)
    athena = account.client("athena")
    command = [sys.executable, "-m", "stockstream", "cloud", "sql", "SELECT 1", "--to", account.place]
    process = subprocess.Popen(command, cwd=tmp_path, env=clean(tmp_path / "state"), stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()  # the first progress, after which it waits
        assert "Athena: queued" in line
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[1]
    finally:
        process.kill()
        told(account, "state-manager/unset-transition", keep)
    assert "the query is cancelled in Athena" in rest
    assert process.returncode == 130
    executions = [
        athena.get_query_execution(QueryExecutionId=each)["QueryExecution"]
        for each in athena.list_query_executions()["QueryExecutionIds"]
    ]
    mine = [each for each in executions if account.place in each["ResultConfiguration"]["OutputLocation"]]
    assert [each["Status"]["State"] for each in mine] == ["CANCELLED"]


def test_the_statement_of_the_docs_gives_each_bar_once(tmp_path: Path) -> None:
    bars = [bar(0, 1.0), bar(1, 2.0), bar(2, 3.0), bar(1, 9.0)]
    store_bars(tmp_path, bars)
    page = (Path(__file__).parents[2] / "docs" / "cloud.md").read_text(encoding="utf-8")
    (statement,) = re.findall(r"```sql\n(.*?)```", page, flags=re.DOTALL)
    whole = re.sub(r"DATE '[\d-]+'", "DATE '1970-01-01'", statement)
    with open_database(Location.of(str(tmp_path))) as database:
        of_docs = database.connection.execute(f"SELECT time, close FROM ({whole}) ORDER BY time").fetchall()
        of_view = database.connection.execute("SELECT time, close FROM bars ORDER BY time").fetchall()
    assert of_docs == of_view
    assert [close for _, close in of_docs] == [1.0, 9.0, 3.0]


class Scripted:
    """Athena as a script says: the states of the query in turn, then pages of its result."""

    def __init__(self, states: Sequence[str], pages: Sequence[Sequence[str]] = ()) -> None:
        self._states = list(states)
        self._pages = pages
        self.calls: list[str] = []

    def start_query_execution(self, **request: Any) -> dict[str, Any]:
        self.calls.append(request["QueryString"])
        return {"QueryExecutionId": "q1"}

    def get_query_execution(self, **request: Any) -> dict[str, Any]:
        state = self._states.pop(0)
        status = {"State": state, "StateChangeReason": "line 1:8:\nTable does not exist"}
        return {"QueryExecution": {"Status": status, "Statistics": {"DataScannedInBytes": 12_000_000}}}

    def get_query_results(self, **request: Any) -> dict[str, Any]:
        place = int(request.get("NextToken", "0"))
        data = [{"Data": [{"VarCharValue": cell}]} for cell in self._pages[place]]
        more = {"NextToken": str(place + 1)} if place + 1 < len(self._pages) else {}
        metadata = {"ColumnInfo": [{"Name": "symbol", "Type": "varchar"}]}
        return {"ResultSet": {"Rows": data, "ResultSetMetadata": metadata}, **more}

    def stop_query_execution(self, **request: Any) -> dict[str, Any]:
        self.calls.append(f"stop {request['QueryExecutionId']}")
        return {}


NAMES = Deployment(Location.of("s3://shares/tables"), "stockstream", "primary", "s3://shares/tables/athena-results/")


def query(athena: Scripted, waits: list[float] | None = None) -> Query:
    return Query.start(athena, NAMES, "SELECT 1", (waits if waits is not None else []).append)


def test_it_waits_longer_from_time_to_time_and_says_what_was_scanned() -> None:
    waits: list[float] = []
    looked: list[Execution] = []
    done = query(Scripted(["QUEUED", *["RUNNING"] * 9, "SUCCEEDED"]), waits).wait(looked.append)
    assert (done.state, done.scanned) == ("SUCCEEDED", 12_000_000)
    assert len(looked) == len(waits) == 10
    assert waits[0] < waits[1]
    assert waits[-1] == 2.0


def test_every_page_is_read_and_only_the_header_is_left_out() -> None:
    pages = [["symbol", "AAPL"], ["symbol", "MSFT"], []]
    found = [row for _, rows in query(Scripted([], pages)).rows() for row in rows]
    assert found == [["AAPL"], ["symbol"], ["MSFT"]]


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_failure_is_one_line_with_the_reason(state: str) -> None:
    athena = Scripted(["RUNNING", state])
    with pytest.raises(CloudError, match=f"the query q1 {state.lower()}: line 1:8: Table does not exist"):
        query(athena).wait(lambda _: None)
    assert athena.calls == ["SELECT 1"], "what has ended is not cancelled"


def test_what_is_given_up_is_cancelled_in_athena_too() -> None:
    def interrupted(_: Execution) -> None:
        raise KeyboardInterrupt

    athena = Scripted(["RUNNING"])
    with pytest.raises(KeyboardInterrupt):
        query(athena).wait(interrupted)
    assert athena.calls == ["SELECT 1", "stop q1"]
