"""A systemd user unit that runs one command line of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from stockstream.errors import StockstreamError
from stockstream.version import VERSION

PREFIX: Final = "stockstream-"
SUFFIX: Final = ".service"

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}")
_VARIABLE: Final = re.compile(r"\$(?!\{[A-Za-z_][A-Za-z0-9_]*\})")
_SECRET: Final = re.compile(
    r"(^|[_-]|access|api|auth|client|subscription)(key|token|secret|sig(nature)?|appid|pwd|passw(or)?d)$|apikey",
    re.IGNORECASE,
)
_OURS: Final = re.compile(r"^\[X-Stockstream\]\nCommand=(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Unit:
    """A unit.

    Attributes
    ----------
    name
        Its name without ``.service``: ``stockstream-produce-yahoo``.
    command
        The words behind ``stockstream``; ``${NAME}`` in one stands for a variable of ``variables``.
    program
        The program that they are passed to: an absolute path, and its first arguments.
    folder
        The folder it runs in, from which relative paths start, and where config.yaml is found.
    variables
        A file of environment variables, ``NAME=value`` on each line, which need not exist.
    """

    name: str
    command: tuple[str, ...]
    program: tuple[str, ...]
    folder: Path
    variables: Path

    @property
    def text(self) -> str:
        """The unit's file.

        Raises
        ------
        StockstreamError
            A word holds a secret, or a path cannot be written into a unit.
        """
        for word in self.command:
            if holds_secret(word):
                raise StockstreamError(
                    "a unit should hold no secret, and one of the arguments looks like one",
                    hint=f"write ${{NAME}} in its place, and NAME=... to {self.variables} (chmod 600)",
                )
        broker = f"{PREFIX}broker"
        after = "" if self.name == broker else _AFTER.format(broker=broker)
        return _TEMPLATE.format(
            version=VERSION,
            name=self.name,
            title=_one_line(" ".join(("stockstream", *self.command))).replace("%", "%%"),
            after=after,
            start=" ".join(map(_quoted, (*self.program, *self.command))),
            folder=_path(self.folder),
            variables=_path(self.variables),
            command=json.dumps(self.command),
            watchdog=_WATCHDOG if self.command[:1] == ("alerts",) else "",
        )


def command_in(text: str) -> tuple[str, ...] | None:
    """The command of a unit that we wrote; None for the text of others.

    >>> unit = Unit("stockstream-broker", ("broker",), ("/usr/bin/python3",), Path("/home/ann"), Path("/home/ann/env"))
    >>> command_in(unit.text), command_in("[Service]")
    (('broker',), None)
    """
    found = _OURS.search(text)
    try:
        words = json.loads(found[1]) if found is not None else None
    except ValueError:
        return None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return None
    return tuple(words)


def default_name(command: Sequence[str]) -> str:
    """The name for a command: its first words, two at most.

    >>> default_name(["produce", "yahoo", "AAPL"]), default_name(["broker", "--port", "9093"])
    ('stockstream-produce-yahoo', 'stockstream-broker')
    """
    words = []
    for word in command[:2]:
        if word.startswith("-") or not _NAME.fullmatch(word):
            break
        words.append(word.lower())
    return PREFIX + "-".join(words)


def named(name: str) -> str:
    """The full name of a unit, of which a user may leave out what all have in common.

    >>> named("broker"), named("stockstream-broker.service")
    ('stockstream-broker', 'stockstream-broker')

    Raises
    ------
    ValueError
        It is no name for a unit.
    """
    short = name.removesuffix(SUFFIX).removeprefix(PREFIX)
    if not _NAME.fullmatch(short):
        raise ValueError("should be letters, digits, dots, dashes and underscores")
    return PREFIX + short


def holds_secret(word: str) -> bool:
    """Whether an argument is an address with a password or a key in it; a variable in its place is none.

    The user of a web address counts as one: many services take a token there.

    >>> holds_secret("https://plant.example/now?unit=C"), holds_secret("https://plant.example/now?api_key=c0ffee")
    (False, True)
    >>> holds_secret("https://plant.example/now?api_key=${PLANT_KEY}"), holds_secret("mqtts://ann:rose@plant.example")
    (False, True)
    >>> holds_secret("https://c0ffee@plant.example/now"), holds_secret("mqtts://ann@plant.example")
    (True, False)
    """
    if "://" not in word:
        return False
    try:
        address = urlsplit(word)
        user = address.username if address.scheme in ("http", "https") else None
        pairs = [*parse_qsl(address.query), ("password", address.password or ""), ("token", user or "")]
    except ValueError:
        return False
    return any(_SECRET.search(key) and value and not value.startswith("${") for key, value in pairs)


_AFTER: Final = """\
# At the end of the session it stops before the broker, so that all it sent is acknowledged.
After={broker}.service
"""

_WATCHDOG: Final = """\
# It tells that its work goes on. If it hangs, it is ended and started again: state and outbox are made for that.
WatchdogSec=600
NotifyAccess=main
"""

_TEMPLATE: Final = """\
# Written by stockstream {version}; `stockstream service uninstall {name}` removes it.
[Unit]
Description={title}
{after}# It is started again without end: a broker or a bucket may be away for hours.
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={start}
WorkingDirectory={folder}
# Passwords and keys belong in this file, which its owner alone may read, not in a unit.
EnvironmentFile=-{variables}
Restart=on-failure
RestartSec=10
# 2 is a wrong command line, which no restart mends; 130 and 143 follow SIGINT and SIGTERM.
RestartPreventExitStatus=2
SuccessExitStatus=130 143
# The program ends what it has started, such as Java, in order.
KillMode=mixed
TimeoutStopSec=90
{watchdog}UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=default.target

[X-Stockstream]
Command={command}
"""


def _quoted(word: str) -> str:
    """A word of ExecStart: neither systemd's variables and specifiers nor its quotes change it."""
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    text = _VARIABLE.sub("$$", text.replace("%", "%%"))
    return text if re.fullmatch(r"[\w./:=,@+%$-]+", text) else f'"{text}"'


def _path(path: Path) -> str:
    """A path that is the rest of a line."""
    text = str(path)
    if text != text.strip() or text.endswith("\\") or not text.isprintable():
        raise StockstreamError(f"systemd takes no path such as {text!r}", hint="use a folder with another name")
    return text.replace("%", "%%")


def _one_line(text: str) -> str:
    shown = "".join(sign if sign.isprintable() else " " for sign in text).rstrip("\\")
    return shown if len(shown) <= 200 else f"{shown[:197]}..."
