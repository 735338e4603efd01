"""Contract of a sink, what it is made from, and its secrets."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, TypeVar

import msgspec

from stockstream.credentials import refuse_open_to_others
from stockstream.errors import ConfigError
from stockstream.files import expanded
from stockstream.records import Alert

O = TypeVar("O", bound=msgspec.Struct)  # noqa: E741 - options

SETTING: Final = "alerts.sink_options"


class Sink(Protocol):
    """Sends alerts to one place, one at a time, in order, on a thread of its own."""

    def send(self, alert: Alert) -> None:
        """Send an alert; return when the receiver has it.

        A repeat of the same `delivery_id` must be recognisable to the receiver: the process may be killed between
        the delivery and its record.

        Raises
        ------
        SinkError
            It was not delivered; it is tried again, and those behind it wait.
        SinkRefused
            The receiver will never take this one; the next one is sent.
        """


@dataclass(frozen=True)
class Setup:
    """What a sink is made from.

    Parameters
    ----------
    name
        Its name in the settings, such as webhook.
    options
        Its section in ``alerts.sink_options``.
    write
        Prints a line for the user, for sinks that show alerts in the terminal.
    environ
        The environment, where secrets are.
    """

    name: str
    options: Mapping[str, object] = field(default_factory=dict)
    write: Callable[[str], None] = print
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def read(self, kind: type[O]) -> O:
        """The options as a struct. Raises ConfigError, which never quotes a value: it may be a secret."""
        unknown = sorted(set(self.options) - set(kind.__struct_fields__))
        if unknown:
            known = ", ".join(kind.__struct_fields__) or "none"
            raise ConfigError(
                f"{SETTING}.{self.name}: unknown key {unknown[0]}",
                hint=f"known here: {known}; secrets belong in the environment or in a file of mode 0600",
            )
        try:
            return msgspec.convert(dict(self.options), kind)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{SETTING}.{self.name}: {_in_words(error)}") from None

    def secret(self, what: str, file: str | None) -> str:
        """A secret from a file of mode 0600, or else from the environment; empty if there is none.

        Parameters
        ----------
        what
            What it is: password. The variable of the sink webhook is ``ALERTS_WEBHOOK_PASSWORD``, the key of the
            file's name ``password_file``.
        file
            The file that the options name.

        Raises
        ------
        ConfigError
            The file cannot be read, or can be read by others.
        """
        if file is None:
            return self.environ.get(self.variable(what), "").strip()
        place = expanded(Path(file))
        try:
            refuse_open_to_others(place)
            return place.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not a text"
            raise ConfigError(f"{SETTING}.{self.name}.{what}_file: {place} cannot be read: {why}") from None

    def required(self, what: str, file: str | None) -> str:
        """The secret as `secret` gives it. Raises ConfigError if there is none, too."""
        found = self.secret(what, file)
        if not found:
            raise ConfigError(
                f"the alert sink {self.name} needs its {what}",
                hint=f"set {self.variable(what)}, or {SETTING}.{self.name}.{what}_file to a file of mode 0600",
            )
        return found

    def variable(self, what: str) -> str:
        """The environment variable of a secret.

        >>> Setup("my-hook").variable("secret")
        'ALERTS_MY_HOOK_SECRET'
        """
        return f"ALERTS_{self.name}_{what}".upper().replace("-", "_")


def _in_words(error: msgspec.ValidationError) -> str:
    """What is wrong with an option, in the words of the settings: msgspec's own never quote the value.

    >>> class Options(msgspec.Struct):
    ...     port: int
    >>> try:
    ...     msgspec.convert({"port": "x"}, Options)
    ... except msgspec.ValidationError as error:
    ...     print(_in_words(error))
    port: expected `int`, got `str`
    """
    said, _, place = str(error).partition(" - at ")
    key = place.strip("`$.")
    return f"{key}: {said[0].lower()}{said[1:]}" if key else f"{said[0].lower()}{said[1:]}"
