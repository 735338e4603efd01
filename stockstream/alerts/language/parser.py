"""Parser: from the text of a rule to the tree of its parts; errors name the column and what may stand there."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from stockstream.errors import RuleError
from stockstream.names import cut, nearest

Node: TypeAlias = "Tree[Token] | Token | None"

LONGEST: Final = 2_000
_DEEPEST: Final = 50

_KEYWORDS: Final = {
    "AND": "and",
    "OR": "or",
    "NOT": "not",
    "FOR": "for",
    "CROSSES": "crosses",
    "DIRECTION": "above",
    "NO": "no",
    "_BAR": "bar",
    "WHILE": "while",
    "OPEN": "open",
    "SEQUENCE": "sequence",
    "THEN": "then",
    "WITHIN": "within",
    "_BARS": "bars",
    "INTERVAL": "interval",
    "ON": "on",
    "WHEN": "final",
    "COOLDOWN": "cooldown",
    "BAND": "band",
    "ONCE": "once",
}
_OTHERS: Final = {
    "COMPARISON": "a comparison such as >",
    "INT": "a whole number",
    "PERCENTAGE": "a percentage such as 0.5%",
    "SPAN": "a time such as 5m",
    "COLON": "a colon",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": "a comma",
    "$END": "the end",
}
_DIRECTIONS: Final = ("above", "below")
_VALUES: Final = {"NAME", "NUMBER"}


@cache
def _parser() -> Lark:
    grammar = files(__package__).joinpath("rule.lark").read_text("utf-8")
    return Lark(grammar, start="rule", parser="lalr", propagate_positions=True, maybe_placeholders=True)


def parse(rule: str) -> Tree[Token]:
    """The tree of a rule. Raises RuleError."""
    if len(rule) > LONGEST:
        raise RuleError(f"a rule has at most {LONGEST:,} signs", rule=cut(rule), column=0)
    depth = 0
    for column, sign in enumerate(rule):
        depth += (sign == "(") - (sign == ")")
        if depth > _DEEPEST:
            raise RuleError(f"more than {_DEEPEST} parentheses are open", rule=rule, column=column)
    try:
        return _parser().parse(rule)
    except UnexpectedCharacters as error:
        column = int(getattr(error, "pos_in_stream", 0))
        sign = rule[column]
        what = f"{sign!r} is no part of a rule"
        if sign in "\"'":
            what = "a text has no end"
        raise RuleError(what, rule=rule, column=column) from None
    except UnexpectedToken as error:
        raise _unexpected(rule, error) from None
    except UnexpectedInput as error:
        raise RuleError("this is no rule", rule=rule, column=getattr(error, "pos_in_stream", None) or 0) from None


def _unexpected(rule: str, error: UnexpectedToken) -> RuleError:
    token = error.token
    expected = set(error.accepts or error.expected)
    ends = token.type == "$END"
    column = len(rule.rstrip()) if ends else token.start_pos or 0
    found = "the rule ends here" if ends else f"{cut(str(token))!r} cannot stand here"
    words = [_KEYWORDS[name] for name in _KEYWORDS if name in expected]
    before = error.token_history[-1] if error.token_history else None
    if before is not None and before.type == "NAME" and rule[: before.start_pos].rstrip().lower().endswith("crosses"):
        meant = nearest(str(before), _DIRECTIONS) or "above"
        return RuleError(
            f"{cut(str(before))!r} is no direction: did you mean {meant}?", rule=rule, column=before.start_pos
        )
    near = None if ends else nearest(str(token), words)
    if str(token) == "=" and "COMPARISON" in expected:
        near = "=="
    if near is not None:
        return RuleError(f"{found}: did you mean {near}?", rule=rule, column=column)
    if not rule.strip():
        return RuleError("the rule is empty: it is a comparison such as close > 180", rule=rule, column=0)
    if expected & _VALUES:
        return RuleError(f"{found}: a number, a field or an indicator is needed", rule=rule, column=column)
    others = [text for name, text in _OTHERS.items() if name in expected and (name != "LPAR")]
    return RuleError(f"{found}: there may be {', '.join((others + words)[:8])}", rule=rule, column=column)


def children(node: object) -> list[Node]:
    """The parts of a part; None where one that may be there is not."""
    return list(cast("list[Node]", node.children)) if isinstance(node, Tree) else []


def column_of(node: object) -> int:
    """Where a part begins in the rule."""
    if isinstance(node, Token):
        return node.start_pos or 0
    return node.meta.start_pos if isinstance(node, Tree) and not node.meta.empty else 0


def text_of(rule: str, node: object) -> str:
    """A part as it is written, its white space made one."""
    if isinstance(node, Tree) and not node.meta.empty:
        return " ".join(rule[node.meta.start_pos : node.meta.end_pos].split())
    return str(node)
