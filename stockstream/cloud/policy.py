"""The least rights that storing, the catalog and queries need, as policies of IAM."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from stockstream.cloud.deployment import Deployment

Role: TypeAlias = Literal["store", "catalog", "sql", "all"]
ROLES: Final[tuple[Role, ...]] = ("store", "catalog", "sql", "all")

Statement: TypeAlias = dict[str, object]

_CRAWLER: Final = ("CreateCrawler", "GetCrawler", "DeleteCrawler", "GetTags", "TagResource")


def policy(
    names: Deployment, role: Role, *, region: str, account: str, crawler_role: str | None = None
) -> dict[str, object]:
    """The policy of a role.

    Parameters
    ----------
    names
        The deployment.
    role
        ``store`` writes the tables, ``catalog`` makes and removes entries, ``sql`` asks Athena, ``all`` does all of it.
    region, account
        Those of Glue and Athena; ``*`` for any.
    crawler_role
        ARN of the crawler's role, where ``cloud catalog`` gets one.
    """
    statements = {
        "store": _store(names),
        "catalog": _catalog(names, region, account, crawler_role),
        "sql": _sql(names, region, account),
    }
    chosen = [each for name, each in statements.items() if role in (name, "all")]
    return {"Version": "2012-10-17", "Statement": [one for each in chosen for one in each]}


def _store(names: Deployment) -> list[Statement]:
    return [
        _list("StoreList", names, names.prefix),
        _allow(
            "StoreObjects",
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
            [_objects(names)],
        ),
    ]


def _catalog(names: Deployment, region: str, account: str, crawler_role: str | None) -> list[Statement]:
    glue = f"arn:aws:glue:{region}:{account}"
    entries = _entries(names, glue)
    actions = ("GetDatabase", "CreateDatabase", "DeleteDatabase", "GetTable", "GetTables")
    changes = ("CreateTable", "UpdateTable", "DeleteTable", "TagResource")
    statements = [
        _list("CatalogList", names, names.prefix),
        # Glue asks for the functions of a database, too, before it deletes it.
        _allow(
            "CatalogEntries",
            [f"glue:{each}" for each in (*actions, *changes)],
            [*entries, f"{glue}:userDefinedFunction/{names.database}/*"],
        ),
        # `cloud destroy` looks for the crawler also where there was never one.
        _allow("CatalogCrawler", [f"glue:{each}" for each in _CRAWLER], [f"{glue}:crawler/{names.crawler}"]),
    ]
    if crawler_role is not None:
        passed = _allow("CatalogCrawlerRole", ["iam:PassRole"], [crawler_role])
        passed["Condition"] = {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
        statements.append(passed)
    return statements


def _sql(names: Deployment, region: str, account: str) -> list[Statement]:
    glue = f"arn:aws:glue:{region}:{account}"
    bucket, _, prefix = names.results.removeprefix("s3://").partition("/")
    actions = ("StartQueryExecution", "GetQueryExecution", "GetQueryResults", "StopQueryExecution")
    return [
        _allow(
            "SqlQueries",
            [f"athena:{each}" for each in actions],
            [f"arn:aws:athena:{region}:{account}:workgroup/{names.workgroup}"],
        ),
        _allow("SqlCatalog", ["glue:GetDatabase", "glue:GetTable", "glue:GetTables"], _entries(names, glue)),
        _allow("SqlLocation", ["s3:GetBucketLocation"], sorted({_bucket(names), f"arn:aws:s3:::{bucket}"})),
        _list("SqlList", names, names.prefix),
        _allow("SqlRead", ["s3:GetObject"], [_objects(names)]),
        _allow(
            "SqlResults",
            ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
            [f"arn:aws:s3:::{bucket}/{prefix}*"],
        ),
    ]


def _entries(names: Deployment, glue: str) -> list[str]:
    return [f"{glue}:catalog", f"{glue}:database/{names.database}", f"{glue}:table/{names.database}/*"]


def _bucket(names: Deployment) -> str:
    return f"arn:aws:s3:::{names.bucket}"


def _objects(names: Deployment) -> str:
    return "/".join(filter(None, (_bucket(names), names.prefix, "*")))


def _list(name: str, names: Deployment, prefix: str) -> Statement:
    statement = _allow(name, ["s3:ListBucket"], [_bucket(names)])
    if prefix:
        statement["Condition"] = {"StringLike": {"s3:prefix": [prefix, f"{prefix}/*"]}}
    return statement


def _allow(name: str, actions: list[str], resources: list[str]) -> Statement:
    return {"Sid": name, "Effect": "Allow", "Action": actions, "Resource": resources}
