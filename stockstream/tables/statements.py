"""Statements of a user: only those that read are run, and what is wrong with one is said in a line."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

import duckdb

from stockstream.errors import StockstreamError

_ASKING: Final = {"SELECT", "FROM", "WITH", "(", "PIVOT", "PIVOT_WIDER", "UNPIVOT", "PIVOT_LONGER"}
"""First words of the statements with a PIVOT that only read. The type of all statements with one is MULTI."""

_WRITING: Final = ("INSERT", "UPDATE", "DELETE", "MERGE")

_PLACE: Final = re.compile(r"^LINE (?P<line>\d+): (?P<text>.*)\n(?P<before> *)\^", re.MULTILINE)
_KIND: Final = re.compile(r"^(?:[A-Z]\w+ )*Error: ")
_CLOSED: Final = re.compile(
    r"Failed to open local file '(?P<file>[^']+)'.*?Detail: \[errno \d+\] (?P<why>[^\n]+)", re.DOTALL
)
_OURS: Final = re.compile(r"Python exception occurred while executing the UDF: \w+: (?P<told>.*)", re.DOTALL)
_DID_YOU: Final = re.compile(r'^Did you mean "?(?P<name>.*?)"?\?$')
_NO_TABLE: Final = re.compile(r"Table with name (?P<name>\S+) does not exist")
_MACRO: Final = re.compile(r"^\t(?P<signature>\w+\(.*\))$", re.MULTILINE)

_STORED_BY: Final = {"bars": "stocks", "flights": "flights", "flights_per_day": "flights", "alerts": "alerts"}
"""The topic whose records make a table."""


class StatementError(StockstreamError):
    """A statement that is refused or wrong."""


def statements(text: str) -> list[duckdb.Statement]:
    """The statements of a text, all of them reading ones.

    Raises
    ------
    StatementError
        It is no SQL, or one of them would do something other than read.
    """
    try:
        found = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise explained(str(error), text) from error
    for statement in found:
        if (word := _refused(statement)) is not None:
            raise StatementError(
                f"{word} is refused: the tables can only be read",
                hint="SELECT, DESCRIBE, SUMMARIZE, SHOW and EXPLAIN are there; --csv and --parquet write a result",
            )
    return found


def _refused(statement: duckdb.Statement) -> str | None:
    """The word for which a statement is refused; None for one that only reads."""
    words = _words(statement.query)
    if statement.type is duckdb.StatementType.SELECT:  # FROM, VALUES, DESCRIBE, SHOW and SUMMARIZE are of it, too
        return _writing_within(words)
    first = words[0][1] if words else statement.type.name
    if statement.type is duckdb.StatementType.EXPLAIN or first == "EXPLAIN":
        return _refused_behind(statement.query, words)
    return None if statement.type is duckdb.StatementType.MULTI and first in _ASKING else first


def _writing_within(words: list[tuple[int, str]]) -> str | None:
    """The word of a WITH that would write: ``WITH gone AS (DELETE ...)``; None if there is none."""
    texts = [word for _, word in words]
    for place, (before, bracket) in enumerate(pairwise(texts)):
        if before in ("AS", "MATERIALIZED") and bracket == "(":
            word = _deed(texts[place + 2 :])
            if word in _WRITING:
                return word
    return None


def _deed(texts: list[str]) -> str | None:
    """The word that says what a statement does: the first one, or that behind a WITH."""
    if texts[:1] != ["WITH"]:
        return texts[0] if texts else None
    depth = 0
    for before, word in pairwise(texts):
        depth += (before == "(") - (before == ")")
        if depth < 0:
            return None
        if before == ")" and depth == 0 and word not in (",", "AS", "USING"):
            return word
    return None


def _refused_behind(query: str, words: list[tuple[int, str]]) -> str | None:
    """The word for which what EXPLAIN explains is refused: EXPLAIN ANALYZE runs it."""
    places = [place for place, (_, word) in enumerate(words[:3]) if word not in ("EXPLAIN", "ANALYZE", "ANALYSE")][:1]
    places += [place + 1 for place, (_, word) in enumerate(words) if word == ")"][:1]  # behind options in brackets
    for place in places:
        text = query.encode()[words[place][0] :].decode() if place < len(words) else ""
        try:
            (statement,) = duckdb.extract_statements(text)
        except (duckdb.Error, ValueError):
            continue
        return _refused(statement)
    return "EXPLAIN"


def _words(query: str) -> list[tuple[int, str]]:
    """The words and signs of a statement without its comments: where each begins in UTF-8, and itself in capitals."""
    text, tokens = query.encode(), duckdb.tokenize(query)
    ends = [*(start for start, _ in tokens[1:]), len(text)]
    return [
        (start, text[start:end].decode().strip().upper())
        for (start, kind), end in zip(tokens, ends, strict=True)
        if kind != duckdb.token_type.comment
    ]


def only_statement(text: str) -> duckdb.Statement:
    """The statement of a text that has one, a reading one. Raises `StatementError`."""
    found = statements(text)
    if len(found) != 1:
        what = "there is no statement" if not found else f"these are {len(found)} statements"
        raise StatementError(what, hint="name one")
    return found[0]


def explained(told: str, text: str) -> StatementError:
    """A message of DuckDB as one line, with its place in the statement.

    >>> told = "Binder Error: Referenced column \\"foo\\" not found in FROM clause!\\n"
    >>> told += 'Candidate bindings: "feed"\\n\\nLINE 1: select foo from bars\\n               ^^^'
    >>> str(explained(told, "select foo from bars"))
    'Referenced column "foo" not found in FROM clause, at line 1, column 8 - there are: "feed"'
    """
    if ours := _OURS.search(told):
        message, _, hint = ours["told"].partition(" - ")
        return StatementError(message, hint=hint or None)
    if closed := _CLOSED.search(told):
        return StatementError(f"cannot read {closed['file']}: {closed['why'].lower()}")
    body = _PLACE.split(_KIND.sub("", told))[0]
    first, *others = [line.strip() for line in body.splitlines() if line.strip()] or ["it failed"]
    message = first.split(". ")[0].rstrip("!.")
    if (place := _PLACE.search(told)) is not None:
        line, column = int(place["line"]), _column(place, text)
        message += f", at line {line}, column {column}"
    return StatementError(message, hint=_hint(told, others))


def _column(place: re.Match[str], text: str) -> int:
    """The column in the line, from 1; DuckDB may have cut the line at its start."""
    shown, at = place["text"], len(place["before"]) - len(f"LINE {place['line']}: ")
    lines = text.splitlines()
    line = lines[int(place["line"]) - 1] if int(place["line"]) <= len(lines) else ""
    if shown.startswith("...") and not line.startswith("..."):
        cut = line.find(shown[3:].removesuffix("..."))
        at += cut - 3 if cut >= 0 else 0
    return at + 1


def _hint(told: str, others: list[str]) -> str | None:
    table = _NO_TABLE.search(told)
    if table is not None and table["name"] in _STORED_BY:
        return f"`stockstream store {_STORED_BY[table['name']]}` makes it"
    if signature := _MACRO.search(told):
        return f"it is {signature['signature']}"
    for line in others:
        if meant := _DID_YOU.match(line):
            # DuckDB's own guesses include tables of PostgreSQL's catalog, which nobody means.
            return None if meant["name"].startswith("pg_") else f"is {meant['name']} meant?"
        if line.startswith("Candidate bindings: "):
            return f"there are: {line.removeprefix('Candidate bindings: ')}"
    return None
