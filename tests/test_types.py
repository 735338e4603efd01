"""Types at the seams: where `Any` may stand in a signature that other modules call, and why."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "stockstream"

ALLOWED = {
    "config_layers.py:Layers.values": "settings as they are written, before they are checked",
    "indicators/arrays.py:element": "a number, an instant or a text",
    "indicators/base.py:Indicator.batch": "the type of what it was given: its overloads say so",
    "indicators/compose/composite.py:Composite.batch": "as Indicator.batch",
    "indicators/calendars.py:exchange_calendar": "exchange_calendars has no types",
    "indicators/compose/corrected.py:Corrected.restore": "a saved state",
    "indicators/compose/together.py:Together.peek": "the bar of its parts",
    "indicators/stateful.py:converted": "the type of an annotation",
    "kafka/client.py:made": "confluent_kafka's clients differ in what they take",
    "kafka/client.py:settings": "confluent_kafka's clients differ in what they take",
    "kafka/subscriber.py:Subscriber.__init__": "what a fold takes in place of records",
    "producers/news/yahoo_news.py:news_of": "Yahoo's JSON, which it checks",
    "spark/progress.py:batch_progress": "Spark's JSON",
    "spark/bucket_states.py:StoredPages.__init__": "PySpark has no types",
}
"""Signatures that may have `Any`, each with the reason."""


def functions(tree: ast.AST, within: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """The functions that other modules may call, by qualified name."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from functions(node, f"{within}{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
            not node.name.startswith("_") or node.name.endswith("__")
        ):
            yield f"{within}{node.name}", node


def loose(source: str) -> list[str]:
    """The functions in whose signature `typing.Any` stands."""
    tree = ast.parse(source)
    if not any(isinstance(node, ast.ImportFrom) and node.module == "typing" for node in ast.walk(tree)):
        return []
    found = []
    for name, function in functions(tree):
        arguments = function.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        annotations = [function.returns, *(each.annotation for each in every if each is not None)]
        names = [node for part in annotations if part is not None for node in ast.walk(part)]
        if any(isinstance(node, ast.Name) and node.id == "Any" for node in names):
            found.append(name)
    return found


def aliases(source: str) -> list[str]:
    """Declarations of a type alias that is `Any`, or of any type argument."""
    return [
        node.target.id
        for node in ast.parse(source).body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.annotation, ast.Name)
        and node.annotation.id == "TypeAlias"
        and any(isinstance(each, ast.Name) and each.id == "Any" for each in ast.walk(node.value or node))
    ]


def modules() -> dict[str, str]:
    return {str(path.relative_to(PACKAGE)): path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")}


def test_no_signature_that_others_call_has_any_without_a_reason() -> None:
    found = {f"{module.replace(chr(92), '/')}:{name}" for module, source in modules().items() for name in loose(source)}
    assert found == set(ALLOWED)


def test_a_type_that_is_any_has_one_name() -> None:
    names = [name for source in modules().values() for name in aliases(source)]
    assert len(names) == len(set(names))
    assert "AnyView" in names


def test_a_loose_signature_is_found() -> None:
    source = (
        "from typing import Any\nclass A:\n    def f(self, *, x: list[Any]) -> None: ...\n    def _g(self) -> Any: ..."
    )
    assert loose(source) == ["A.f"]
