"""`stockstream cloud plan`: the policy's rights and the bill, computed by hand."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from stockstream.cli import main
from stockstream.cli.context import Invocation
from stockstream.cloud.cost import Prices, Volume, monthly
from stockstream.cloud.deployment import Deployment
from stockstream.cloud.policy import ROLES, policy
from stockstream.tables.location import Location

NAMES = Deployment(Location.of("s3://shares/tables"), "stockstream", "primary", "s3://shares/tables/athena-results/")


def rights(role: Any, **more: str) -> dict[str, dict[str, Any]]:
    made: Any = policy(NAMES, role, region="eu-central-1", account="123456789012", **more)
    return {each["Sid"]: each for each in made["Statement"]}


def test_every_right_is_bound_to_our_own_things() -> None:
    found = rights("all", crawler_role="arn:aws:iam::123456789012:role/crawler")
    for statement in found.values():
        assert not any("*" in action for action in statement["Action"])
        for resource in statement["Resource"]:
            assert resource != "*"
            assert "shares" in resource or ":123456789012:" in resource
    assert found["SqlQueries"]["Resource"] == ["arn:aws:athena:eu-central-1:123456789012:workgroup/primary"]
    assert found["StoreObjects"]["Resource"] == ["arn:aws:s3:::shares/tables/*"]
    assert found["StoreList"]["Condition"] == {"StringLike": {"s3:prefix": ["tables", "tables/*"]}}
    assert found["CatalogEntries"]["Resource"][1:] == [
        "arn:aws:glue:eu-central-1:123456789012:database/stockstream",
        "arn:aws:glue:eu-central-1:123456789012:table/stockstream/*",
        "arn:aws:glue:eu-central-1:123456789012:userDefinedFunction/stockstream/*",
    ]
    assert found["CatalogCrawlerRole"]["Condition"] == {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}


def test_asking_gives_no_right_to_write_tables_or_entries() -> None:
    statements = rights("sql")
    actions = {action for each in statements.values() for action in each["Action"]}
    assert not {action for action in actions if action.startswith("glue:") and ":Get" not in action}
    (place,) = statements["SqlResults"]["Resource"]
    assert place == "arn:aws:s3:::shares/tables/athena-results/*"
    assert [name for name, each in statements.items() if "s3:PutObject" in each["Action"]] == ["SqlResults"]


def test_all_is_the_rest_together() -> None:
    parts = [rights(role) for role in ROLES if role != "all"]
    assert rights("all") == {name: each for part in parts for name, each in part.items()}


def test_the_file_says_where_each_price_was_seen() -> None:
    prices = Prices.listed()
    seen = {name.strip() for names in prices.seen for name in names.split(",")}
    assert seen == {name for name, kind in get_type_hints(Prices).items() if kind is float}


def test_a_bill_by_hand() -> None:
    volume = Volume(
        rows=1_000_000,
        row_bytes=60,
        days=365,
        commit_seconds=60,
        writers=2,
        queries=10,
        scanned_mb=1,
        crawls=30,
        disk_gb=20,
    )
    prices = Prices.listed()
    costs = {each.what: each.month for each in monthly(volume, prices)}
    assert costs["S3 storage"] == pytest.approx(21.9 * 0.023)
    assert costs["S3 writes"] == pytest.approx(1440 * 2 * 30.4 * 2 / 1000 * 0.005)
    assert costs["Athena"] == pytest.approx(10 * 30.4 * 10e6 * 5 / 1e12), "10 MB are paid at the least"
    assert costs["Glue crawler"] == pytest.approx(30 * 2 * 10 / 60 * 0.44), "two DPUs for 10 minutes"
    assert costs["EC2 t4g.small"] == pytest.approx(730 * 0.0168)
    assert prices.scan(0) == 0
    assert prices.scan(2_000_000_000_000) == pytest.approx(10)
    few = {each.what: each.amount for each in monthly(Volume(rows=10, commit_seconds=1), prices)}
    assert few["S3 writes"].endswith("(304 commits)"), "there are no more commits than rows"


def test_prices_have_a_date_and_their_pages() -> None:
    prices = Prices.listed()
    assert date.fromisoformat(prices.date) <= date.today()  # noqa: DTZ011 - a date of the file's author
    assert all(page.startswith("https://aws.amazon.com/") for page in prices.sources)


def test_the_plan_needs_no_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STOCKSTREAM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / "config.yaml").write_text(
        "tables: {dir: 's3://shares/tables', every: 60}\ncloud: {database: prices, workgroup: ours}\n"
    )
    assert main.call(Invocation(), ["cloud", "plan", "--rows", "2000000", "--disk", "20"]) == 0
    shown = capsys.readouterr().out
    for words in (
        "Glue table     prices.stored_bars",
        "EC2 t4g.small",
        "For 2,000,000 rows a day of 60 bytes, 365 days kept, a commit every 60 s",
        "arn:aws:athena:eu-central-1:*:workgroup/ours",
        Prices.listed().date,
    ):
        assert words in shown
    assert main.call(Invocation(), ["cloud", "plan", "--json", "--crawler", "arn:aws:iam::123456789012:role/c"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["kind"] for each in found["created"]] == ["Glue database", *["Glue table"] * 3, "Glue crawler"]
    assert found["total"] == pytest.approx(sum(each["month"] for each in found["costs"]))
    assert main.call(Invocation(), ["cloud", "plan", "--policy", "sql", "--account", "123456789012"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert all(each["Sid"].startswith("Sql") for each in alone["Statement"])
