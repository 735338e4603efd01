"""Queries of Athena: started, awaited, read page by page, and cancelled if they are given up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from stockstream.cloud.clients import Athena, translated
from stockstream.cloud.deployment import Deployment
from stockstream.errors import CloudError

PAGE: Final = 1000
"""Rows of a page, the most that Athena gives."""

_FIRST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 2.0


@dataclass(frozen=True)
class Execution:
    """A query.

    Attributes
    ----------
    id
        Its number in Athena.
    state
        QUEUED, RUNNING, SUCCEEDED, FAILED or CANCELLED.
    reason
        Why it failed; empty if it did not.
    scanned
        Bytes that it has scanned, by which it is paid.
    """

    id: str
    state: str
    reason: str
    scanned: int


@dataclass(frozen=True)
class Column:
    """A column of a result, its type by Athena's name, and the digits behind the point of a decimal."""

    name: str
    type: str
    scale: int = 0


class Query:
    """A query of Athena. Each method raises CloudError.

    Parameters
    ----------
    client
        The client.
    execution
        Its number, as `start` gives it.
    sleep
        Waits between two questions.
    """

    def __init__(self, client: Athena, execution: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._id = execution
        self._sleep = sleep

    @staticmethod
    def start(client: Athena, names: Deployment, text: str, sleep: Callable[[float], None] = time.sleep) -> Query:
        """Start a statement in the database of a deployment."""
        with translated("start the query"):
            answer = client.start_query_execution(
                QueryString=text,
                QueryExecutionContext={"Database": names.database},
                ResultConfiguration={"OutputLocation": names.results},
                WorkGroup=names.workgroup,
            )
        return Query(client, str(answer["QueryExecutionId"]), sleep)

    def look(self) -> Execution:
        """How it is."""
        with translated("ask for the query's state"):
            found = self._client.get_query_execution(QueryExecutionId=self._id)["QueryExecution"]
        status = found["Status"]
        scanned = int(found.get("Statistics", {}).get("DataScannedInBytes") or 0)
        return Execution(self._id, str(status["State"]), str(status.get("StateChangeReason") or ""), scanned)

    def wait(self, on_look: Callable[[Execution], None]) -> Execution:
        """Wait until it has succeeded. If that is given up, by Ctrl-C or an error, it is cancelled in Athena, too.

        Raises CloudError with Athena's reason if it failed.
        """
        pause = _FIRST_WAIT
        try:
            while (found := self.look()).state in ("QUEUED", "RUNNING"):
                on_look(found)
                self._sleep(pause)
                pause = min(_LONGEST_WAIT, pause * 1.5)
        except BaseException:
            self.cancel()
            raise
        if found.state != "SUCCEEDED":
            reason = " ".join(found.reason.split()) or "Athena gives no reason"
            raise CloudError(f"the query {found.id} {found.state.lower()}: {reason}")
        return found

    def cancel(self) -> None:
        """Cancel it; one that has ended stays as it is."""
        with translated("cancel the query"):
            self._client.stop_query_execution(QueryExecutionId=self._id)

    def rows(self) -> Iterator[tuple[tuple[Column, ...], list[list[str | None]]]]:
        """The columns with the rows of each page; a page at the least, cells as Athena writes them."""
        token: str | None = None
        first = True
        while True:
            page: dict[str, str] = {} if token is None else {"NextToken": token}
            with translated("read the result"):
                answer = self._client.get_query_results(QueryExecutionId=self._id, MaxResults=PAGE, **page)
            result = answer["ResultSet"]
            columns = tuple(
                Column(str(each["Name"]), str(each["Type"]), int(each.get("Scale") or 0))
                for each in result.get("ResultSetMetadata", {}).get("ColumnInfo", ())
            )
            rows = [[cell.get("VarCharValue") for cell in row.get("Data", ())] for row in result.get("Rows", ())]
            if first and rows and rows[0] == [column.name for column in columns]:
                del rows[0]  # of a SELECT the first row of the first page is the header
            yield columns, rows
            first, token = False, answer.get("NextToken")
            if not token:
                return
