"""Prompt of ``stockstream sql``: history, completion, statements of several lines, and a few commands."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from stockstream.cli.reporter import Reporter
from stockstream.cli.sql.sinks import TableSink
from stockstream.errors import StockstreamError
from stockstream.files import private_file, private_folder
from stockstream.processes import Terminated
from stockstream.tables.macros import CHOICES
from stockstream.tables.query import run
from stockstream.tables.sql import Database

_PROMPT: Final = "sql> "
_NEXT: Final = "...> "
_WORD: Final = re.compile(r"[\\\w]+$")
_KEYWORDS: Final = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "AS", "AND", "OR", "NOT", "IN", "BETWEEN",
    "IS NULL", "JOIN", "ASOF JOIN", "LEFT JOIN", "ON", "USING", "WITH", "UNION ALL", "DISTINCT", "CASE", "WHEN", "THEN",
    "ELSE", "END", "OVER", "PARTITION BY", "QUALIFY", "DESCRIBE", "SUMMARIZE", "SHOW TABLES", "EXPLAIN",
    "count(*)", "avg", "min", "max", "sum", "median", "stddev", "corr", "first", "last", "date_trunc", "time_bucket",
)  # fmt: skip
_HELP: Final = """\
\\d          the tables and the functions of the indicators
\\d NAME     the columns of a table, or the parameters and columns of a function
\\?          this help
\\q, Ctrl-D  end
A statement ends with a semicolon, and may have several lines. Ctrl-C cancels a statement. Tab completes names."""


class Prompt:
    """Reads statements and shows their results until it is ended.

    Parameters
    ----------
    database
        What is asked.
    history
        File in which statements are kept.
    rows
        Rows of a result to show; 0 for all.
    reporter
        Where results and errors go.
    """

    def __init__(self, database: Database, history: Path, rows: int, reporter: Reporter) -> None:
        self._database = database
        self._rows = rows
        self._reporter = reporter
        self._history = history

    def run(self) -> None:
        """Read until Ctrl-D or ``\\q``."""
        session: PromptSession[str] = PromptSession(
            _PROMPT,
            multiline=True,
            prompt_continuation=_NEXT,
            history=_kept(self._history),
            completer=NameCompleter(self._database),
            complete_while_typing=False,
            key_bindings=_keys(),
        )
        self._reporter.note(f"{self._database.location.text}: {', '.join(self._database.views)}; \\? for help")
        while True:
            try:
                text = session.prompt().strip()
            except Terminated:
                raise
            except KeyboardInterrupt:
                continue  # what was typed is given up, as in a shell
            except EOFError:
                return
            if text.rstrip(";").strip() in ("\\q", "exit", "quit"):
                return
            self.answer(text)

    def answer(self, text: str) -> None:
        """Show the result of a command or of statements; an error is a line, after which it goes on."""
        try:
            if text.startswith("\\"):
                self._command(text.rstrip(";").split())
            elif text:
                width = shutil.get_terminal_size().columns
                run(self._database, text, [TableSink(self._reporter.result, self._rows, width)])
        except StockstreamError as error:
            self._reporter.error(error.message, error.hint, None)
        except Terminated:
            raise
        except KeyboardInterrupt:
            self._reporter.note("cancelled")

    def _command(self, words: list[str]) -> None:
        if words[0] == "\\?":
            self._reporter.result(_HELP)
        elif words[0] != "\\d" or len(words) > 2:
            raise StockstreamError(f"there is no command {words[0]}", hint="\\? names them")
        elif len(words) == 1:
            functions = sorted(macro.short for macro in self._database.macros)
            told = [f"each function also takes {', '.join(CHOICES)}"] if functions else []
            self._reporter.result("\n".join([*self._database.views, *functions, *told]))
        else:
            self._describe(words[1])

    def _describe(self, name: str) -> None:
        for macro in self._database.macros:
            if macro.name == name:
                self._reporter.result("\n".join([macro.signature, "", *macro.described()]))
                return
        quoted = name.replace('"', "")
        self.answer(f'SELECT column_name, column_type FROM (DESCRIBE "{quoted}")')


class NameCompleter(Completer):
    """Completes names of tables, their columns and functions, and words of SQL."""

    def __init__(self, database: Database) -> None:
        columns = database.connection.execute(
            "SELECT DISTINCT column_name FROM duckdb_columns() WHERE NOT internal AND database_name = 'stockstream'"
        ).fetchall()
        fields = {name for macro in database.macros for name in macro.columns}
        parameters = {f"{each.name} := " for macro in database.macros for each in macro.parameters}
        names = {*database.views, *(name for (name,) in columns), *fields, *parameters}
        self._names = sorted(names, key=str.casefold)
        self._functions = [f"{macro.name}('" for macro in database.macros]

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002
        """The names that begin as the word before the cursor."""
        found = _WORD.search(document.text_before_cursor)
        return list(self._beginning(found[0] if found else ""))

    def _beginning(self, word: str) -> Iterator[Completion]:
        if not word:
            return
        for name in (*self._functions, *self._names, *_KEYWORDS):
            if name.casefold().startswith(word.casefold()):
                yield Completion(name, start_position=-len(word))


def _keys() -> KeyBindings:
    """Enter ends a statement after a semicolon, and a command; otherwise it begins a line."""
    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        text = buffer.text.strip()
        if not text or text.endswith(";") or text.startswith("\\") or text in ("exit", "quit"):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    return keys


def _kept(file: Path) -> History:
    """The history of a file that its owner alone can read; of this run where it cannot be written."""
    try:
        private_folder(file.parent)
        private_file(file)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(file))
