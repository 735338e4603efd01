"""The policies that `cloud plan` prints suffice for their purpose, and for nothing else, where moto enforces rights.

Moto checks the actions of all services, but resources of S3 alone; the others are compared in test_plan.py.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stockstream.cli import main
from stockstream.cli.context import Invocation
from stockstream.cloud.deployment import Deployment
from stockstream.cloud.policy import Role, policy
from stockstream.kafka.broker import free_port
from tests.cloud.conftest import Account
from tests.tables.buckets import answers, created
from tests.tables.conftest import running

ROLE = "arn:aws:iam::123456789012:role/crawler"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account of its own, as rights are enforced in all of it."""
    port = free_port()
    with running("-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)):
        answers(port)
        bucket = created(port)
        for name, value in bucket.env.items():
            monkeypatch.setenv(name, value)
        yield Account(bucket)


def key_of(account: Account, role: Role) -> dict[str, str]:
    """The access key of a user who has one policy."""
    names = Deployment(account.bucket.location, "shares", "primary", f"{account.place}/athena-results/")
    made: Any = policy(names, role, region="us-east-1", account="123456789012", crawler_role=ROLE)
    for statement in made["Statement"]:
        if not any(action.startswith("s3:") for action in statement["Action"]):
            statement["Resource"] = "*"
    iam = account.client("iam")
    iam.create_user(UserName=role)
    iam.put_user_policy(UserName=role, PolicyName="rights", PolicyDocument=json.dumps(made))
    key = iam.create_access_key(UserName=role)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def enforce(account: Account) -> None:
    """From now on a request needs the right to it."""
    address = f"http://127.0.0.1:{account.bucket.port}/moto-api/reset-auth"
    urllib.request.urlopen(urllib.request.Request(address, b"0", {"Content-Type": "text/plain"})).close()


def test_each_policy_suffices_for_its_purpose_alone(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STOCKSTREAM_STATE_DIR", str(tmp_path / "state"))
    account.put_table("bars")
    roles: tuple[Role, ...] = ("catalog", "sql", "store")
    keys = {role: key_of(account, role) for role in roles}
    enforce(account)

    def act(role: Role, *arguments: str) -> tuple[int, str]:
        for name, value in keys[role].items():
            monkeypatch.setenv(name, value)
        where = ("--to", account.place, "--database", "shares")
        code = main.call(Invocation(), ["cloud", *arguments, *where])
        return code, capsys.readouterr().err

    assert act("catalog", "catalog", "--crawler", ROLE) == (0, "")
    code, refused = act("catalog", "sql", "SELECT 1")
    assert code == 1
    assert refused.startswith("stockstream: cannot start the query: AWS refuses it (User: arn:aws:iam::")
    assert "not authorized to perform: athena:StartQueryExecution)" in refused
    assert "`stockstream cloud plan --policy all` prints the rights that it needs" in refused
    assert refused.count("\n") == 1
    assert act("sql", "sql", "SELECT 1")[0] == 0
    assert "glue:GetCrawler" in act("sql", "destroy", "--yes")[1]
    assert "glue:GetDatabase" in act("store", "catalog")[1]
    assert act("catalog", "destroy", "--yes") == (0, "")
