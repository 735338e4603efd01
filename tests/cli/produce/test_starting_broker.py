"""A secure broker creates its users after it opens its port: a producer that waited for it waits a little longer."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from stockstream.cli.context import Invocation
from stockstream.cli.produce import sending
from stockstream.cli.produce.produce import app
from stockstream.errors import AuthError, BrokerError, Unreachable
from stockstream.topics import AnyTopic
from tests.cli.produce.recording import NOW, Recording
from tests.producers.manual_clock import ManualClock

AWAY = Unreachable("no broker answers")
REFUSED = AuthError("the broker refuses the user producer")


class Starting(Recording):
    """An outlet whose broker is ready after these errors."""

    errors: list[BrokerError]

    def ready(self, topic: AnyTopic) -> None:
        if self.errors:
            raise self.errors.pop(0)
        super().ready(topic)


def sent(errors: list[BrokerError]) -> tuple[int, int, str]:
    """The exit code, the number of records sent, and the output."""
    manual_clock = ManualClock(NOW)
    outlet = Starting(manual_clock)
    outlet.errors = errors
    invocation = Invocation(outlet=outlet, clock=manual_clock.clock)
    arguments = ["simulated", "AAPL", "--count", "3", "--history", "0"]
    result = CliRunner().invoke(app, arguments, obj=invocation)
    return result.exit_code, len(outlet.sink.records), str(result.exception)


@pytest.mark.parametrize(
    ("errors", "number"),
    [([AWAY, REFUSED, REFUSED], 3), ([REFUSED], 0), ([AWAY, *[REFUSED] * (sending.STARTING + 1)], 0)],
)
def test_a_refusal_while_it_starts_is_waited_out_and_no_other(
    home: Path, errors: list[BrokerError], number: int
) -> None:
    exit_code, records, error = sent(errors)
    assert records == number
    assert (exit_code, error) == ((0, "None") if number else (1, str(REFUSED)))
