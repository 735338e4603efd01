"""Our Java process: the reason of its end is reported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stockstream.kafka import java

FATAL = """\
2026-01-01 00:00:00.000 INFO kafka.Kafka: starting
2026-01-01 00:00:01.000 SEVERE org.apache.kafka.server.fault.LoggingFaultHandler: it ends here
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("\n\n", None),
        ("INFO all well\nError: Could not find the class\n", "Error: Could not find the class"),
        ("one line\nthe last line\n\n", "the last line"),
        (FATAL + "2026-01-01 INFO kafka.Kafka: shutting down\n", FATAL.splitlines()[1]),
        (FATAL + "java.io.IOException: first\n\tat a.B.c(B.java)\nCaused by: java.net.BindException: why\n", "why"),
        (FATAL + 'Exception in thread "main" java.lang.InternalError: why\n', "why"),
    ],
)
def test_the_line_that_says_why(text: str, expected: str | None) -> None:
    assert java.complaint(text) == expected


def test_a_java_in_its_own_session_with_its_own_output(tmp_path: Path) -> None:
    output = tmp_path / "out"
    process = java.spawn(["-version"], classpath=[], cwd=tmp_path, output=output)
    assert os.getsid(process.pid) == process.pid
    assert process.wait(120) == 0
    assert "OpenJDK" in output.read_text()
