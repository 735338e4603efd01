"""Malicious settings: the program refuses each in one line, at once."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from stockstream.config import load
from stockstream.errors import ConfigError
from tests.cli.helpers import clean, stockstream

BOMB = "\n".join(
    ["a: &a [x, x, x, x, x, x, x, x, x]"]
    + [
        f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]"
        for before, after in zip("abcdefgh", "bcdefghi", strict=True)
    ]
)
"""Nine lines that mean 9**9 values."""

MAPS = "\n".join(
    ["a: &a {k: v}"]
    + [
        f"{after}: &{after} {{{', '.join(f'k{number}: *{before}' for number in range(9))}}}"
        for before, after in zip("abcdefgh", "bcdefghi", strict=True)
    ]
)

HOSTILE = {
    "aliases of lists": BOMB.encode(),
    "aliases of sections": MAPS.encode(),
    "itself within itself": b"a: &a\n  b: *a\n",
    "merged into itself": b"a: &a\n  <<: *a\n",
    "deep sections": b"".join(b" " * number + b"a:\n" for number in range(3_000)),
    "deep lists": b"a: " + b"[" * 100_000,
    "5,000 digits": b"broker:\n  port: " + b"9" * 5_000,
    "5,000 digits with a point": b"window:\n  alert_band: " + b"9" * 5_000 + b".5",
    "sixty to the five-thousandth": b"broker:\n  port: " + b"59:" * 5_000 + b"59",
    "an infinite number": b"window:\n  refresh: .inf",
    "NUL bytes": b"bootstrap_servers: a\x00b:9092\n",
    "only NUL bytes": b"\x00" * 1_000,
    "not UTF-8": b"bootstrap_servers: \xff\xfe\xfa\n",
    "UTF-16": "bootstrap_servers: x:9092\n".encode("utf-16"),
    "code": b"bootstrap_servers: !!python/object/apply:os.system ['echo harmed']\n",
    "a word of 200,000 letters": b"a" * 200_000 + b": 1\n",
    "a terminal's escapes": b'"\\e[2J\\e]0;harmed\\a": 1\n',
    "two documents": b"--- {}\n--- {}\n",
    "a list": b"- 1\n- 2\n",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_settings_are_refused_in_one_line_at_once(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(content)
    begun = time.process_time()
    with pytest.raises(ConfigError) as caught:
        load(file, environ={})
    assert time.process_time() - begun < 5
    assert str(file) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < 1_000
    assert "sys." not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes in folders")
def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("STOCKSTREAM_SECRETS_FILE", "--config"):
        env = clean(tmp_path / "state")
        arguments = ["config", "broker"]
        if name.startswith("--"):
            arguments += [name, "pipe"]
        else:
            env[name] = str(tmp_path / "pipe")
        ended = stockstream(*arguments, cwd=tmp_path, env=env)
        assert ended.returncode == 1
        (line,) = ended.stderr.splitlines()
        assert "pipe is a pipe, not a file" in line


def test_100_mb_are_not_read(tmp_path: Path) -> None:
    with (tmp_path / "config.yaml").open("wb") as file:
        file.truncate(100_000_000)
    ended = stockstream("config", "broker", cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "stockstream: config.yaml has more than 256,000 bytes: no settings are that long"
    ]
