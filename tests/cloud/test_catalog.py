"""Glue's entries as they are read back from moto, which keeps them as Glue does; what others made is never touched."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable, write_deltalake

from stockstream.cli import main
from stockstream.cli.context import Invocation
from stockstream.tables.schema import BARS, FLIGHT_ROWS
from tests.cli.helpers import clean
from tests.cli.terminal import Terminal
from tests.cloud.conftest import Account
from tests.patience import PATIENCE
from tests.site import Site

ROLE = "arn:aws:iam::123456789012:role/crawler"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`stockstream cloud` in this process: its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STOCKSTREAM_STATE_DIR", str(tmp_path / "state"))

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main.call(Invocation(), ["cloud", *arguments])
        return code, *capsys.readouterr()

    return call


def names(account: Account) -> list[str]:
    return ["--to", account.place, "--database", account.database]


def test_entries_are_created_kept_current_and_removed(run: Run, account: Account) -> None:
    account.put_table("bars")
    where = names(account)
    code, out, err = run("catalog", *where)
    assert (code, err) == (0, "")
    assert out == f"database {account.database}: created\ntable stored_bars: created\n"

    glue = account.client("glue")
    entry = glue.get_table(DatabaseName=account.database, Name="stored_bars")["Table"]
    assert entry["TableType"] == "EXTERNAL_TABLE"
    assert entry["Parameters"]["table_type"] == "DELTA"
    assert entry["Parameters"]["made_by"] == "stockstream"
    assert entry["PartitionKeys"] == []
    storage = entry["StorageDescriptor"]
    assert storage["Location"] == f"{account.place}/bars/"
    columns = {each["Name"]: each["Type"] for each in storage["Columns"]}
    assert list(columns) == BARS.schema.names
    assert (columns["time"], columns["symbol"], columns["close"]) == ("timestamp", "string", "double")
    assert (columns["date"], columns["kafka_partition"], columns["kafka_offset"]) == ("date", "int", "bigint")
    database = glue.get_database(Name=account.database)["Database"]
    assert database["Parameters"]["made_by"] == "stockstream"

    assert run("catalog", *where)[1].count("unchanged") == 2
    older = {key: entry[key] for key in ("Name", "TableType", "PartitionKeys")}
    older["Parameters"] = {**entry["Parameters"], "UPDATED_BY_CRAWLER": "shares"}
    older["StorageDescriptor"] = {**storage, "Columns": storage["Columns"][:3]}
    glue.update_table(DatabaseName=account.database, TableInput=older)
    account.put_table("flights")
    (_, bars, flights) = json.loads(run("catalog", *where, "--json")[1])
    assert (bars["name"], bars["deed"]) == ("stored_bars", "updated")
    assert (flights["name"], flights["deed"]) == ("stored_flights", "created")
    entry = glue.get_table(DatabaseName=account.database, Name="stored_bars")["Table"]
    assert len(entry["StorageDescriptor"]["Columns"]) == len(BARS.schema)
    assert entry["Parameters"]["UPDATED_BY_CRAWLER"] == "shares"

    code, out, _ = run("destroy", *where, "--yes")
    assert code == 0
    assert out.splitlines() == [
        "table stored_bars: removed",
        "table stored_flights: removed",
        f"database {account.database}: removed",
    ]
    assert "there is no database" in run("destroy", *where, "--yes")[2]
    kept = account.client("s3").list_objects_v2(Bucket=account.bucket.name)["KeyCount"]
    assert kept == 2, "the tables themselves stay"


def test_the_columns_are_those_of_the_delta_log(run: Run, account: Account) -> None:
    uri, options = account.bucket.location.uri("flights"), account.bucket.location.storage_options()
    write_deltalake(uri, FLIGHT_ROWS.schema.empty_table(), partition_by=["date"], storage_options=options)
    run("catalog", *names(account))
    entry = account.client("glue").get_table(DatabaseName=account.database, Name="stored_flights")["Table"]
    log = DeltaTable(uri, storage_options=options).schema()
    of_delta = {"long": "bigint", "integer": "int"}
    expected = [(each.name, str(getattr(each.type, "type", "array<string>"))) for each in log.fields]
    found = [(each["Name"], each["Type"]) for each in entry["StorageDescriptor"]["Columns"]]
    assert found == [(name, of_delta.get(kind, kind)) for name, kind in expected]
    assert entry["StorageDescriptor"]["Location"] == f"{uri}/"


def test_a_crawler_has_a_delta_target_and_goes_with_the_rest(run: Run, account: Account) -> None:
    account.put_table("bars")
    where = names(account)
    run("catalog", *where, "--crawler", ROLE)
    crawler = account.client("glue").get_crawler(Name=f"{account.database}-tables")["Crawler"]
    (target,) = crawler["Targets"]["DeltaTargets"]
    assert target == {
        "DeltaTables": [f"{account.place}/bars"],
        "WriteManifest": False,
        "CreateNativeDeltaTable": True,
    }
    assert (crawler["Role"], crawler["TablePrefix"], crawler["DatabaseName"]) == (ROLE, "stored_", account.database)
    assert crawler["SchemaChangePolicy"]["DeleteBehavior"] == "LOG"
    assert f"crawler {account.database}-tables: unchanged" in run("catalog", *where, "--crawler", ROLE)[1]
    assert f"crawler {account.database}-tables: removed" in run("destroy", *where, "--yes")[1]


def test_what_others_made_is_neither_changed_nor_removed(run: Run, account: Account) -> None:
    account.put_table("bars")
    where = names(account)
    glue = account.client("glue")
    glue.create_database(DatabaseInput={"Name": account.database})
    glue.create_table(DatabaseName=account.database, TableInput=_foreign("orders"))
    glue.create_crawler(
        Name=f"{account.database}-tables", Role=ROLE, DatabaseName=account.database, Targets={"S3Targets": []}
    )
    assert run("catalog", *where)[0] == 0
    _, out, _ = run("destroy", *where, "--yes")
    assert out.splitlines() == [
        f"crawler {account.database}-tables: left: not made by stockstream",
        "table orders: left: not made by stockstream",
        "table stored_bars: removed",
        f"database {account.database}: left: not made by stockstream",
    ]
    glue.create_table(DatabaseName=account.database, TableInput=_foreign("stored_bars"))
    code, _, err = run("catalog", *where)
    assert code == 1
    assert f"{account.database}.stored_bars exists, and stockstream did not make it" in err
    assert "Columns" not in glue.get_table(DatabaseName=account.database, Name="stored_bars")["Table"].get(
        "StorageDescriptor", {}
    )


def _foreign(name: str) -> dict[str, Any]:
    return {"Name": name, "TableType": "EXTERNAL_TABLE", "Parameters": {"table_type": "ICEBERG"}}


@pytest.mark.parametrize("command", [["catalog"], ["destroy", "--yes"]])
def test_without_credentials_there_is_one_line(
    run: Run, account: Account, command: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    code, _, err = run(*command, *names(account))
    assert code == 1
    assert "no AWS credentials were found - they come from the environment, a profile (AWS_PROFILE)" in err
    assert err.count("\n") == 1


def test_tables_that_are_not_there_or_not_in_a_bucket(run: Run, account: Account) -> None:
    code, _, err = run("catalog", *names(account))
    assert code == 1
    assert f"there are no tables in {account.place} - `stockstream store stocks --to {account.place}`" in err
    code, _, err = run("catalog", "--to", "s3://no-such-bucket-of-shares/tables")
    assert code == 1
    assert "NoSuchBucket: " in err
    assert " - create the bucket first, or name another with --to" in err
    code, _, err = run("plan")
    assert code == 1
    assert "where AWS does not see them - store them in a bucket" in err
    code, _, err = run("plan", "--to", "lake")
    assert code == 2
    assert "'lake' is not s3://BUCKET/PREFIX" in err


@pytest.mark.parametrize("command", [["catalog"], ["destroy", "--yes"], ["sql", "SELECT 1"]], ids=lambda each: each[0])
def test_ctrl_c_while_aws_does_not_answer(account: Account, tmp_path: Path, command: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        env = clean(tmp_path / "state", AWS_ENDPOINT_URL=f"http://127.0.0.1:{silent.getsockname()[1]}")
        arguments = [sys.executable, "-m", "stockstream", "cloud", *command, *names(account)]
        process = subprocess.Popen(arguments, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
        try:
            silent.settimeout(PATIENCE)
            asked = silent.accept()[0]
            assert asked.recv(1)
            process.send_signal(signal.SIGINT)
            told = process.communicate(timeout=PATIENCE)[1]
        finally:
            process.kill()
    assert process.returncode == 130
    assert len(told.splitlines()) <= 1
    assert "Traceback" not in told


def test_ctrl_c_at_the_question_is_no_answer(account: Account, tmp_path: Path) -> None:
    terminal = Terminal(Site(tmp_path, "127.0.0.1:1"), ["cloud", "destroy", *names(account)])
    terminal.until("Remove from Glue's catalog")
    terminal.until("[y/N]")
    terminal.press("\x03")
    assert terminal.end() == 130
    assert "nothing was done" in terminal.shown


def test_a_missing_extra_is_one_line(run: Run, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    from stockstream.cloud import clients

    monkeypatch.setattr(clients, "_PACKAGES", ("boto3_is_not_here",))
    code, _, err = run("catalog", *names(account))
    assert code == 1
    assert "the cloud commands need the package boto3_is_not_here - pip install 'stockstream[aws]'" in err


def test_refused_rights_are_one_line_that_says_where_they_are_listed() -> None:
    from botocore.exceptions import ClientError

    from stockstream.cloud.clients import translated
    from stockstream.errors import CloudError

    told = "User: arn:aws:iam::1:user/ann is not authorized\nto perform: glue:GetDatabase"
    answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": told}}
    with pytest.raises(CloudError) as caught, translated("read shares in Glue's catalog"):
        raise ClientError(answer, "GetDatabase")
    assert str(caught.value).startswith("cannot read shares in Glue's catalog: AWS refuses it (User: arn")
    assert "\n" not in str(caught.value)
    assert caught.value.hint == "`stockstream cloud plan --policy all` prints the rights that it needs"
