"""Rules about topics: their lag, their dead letters, their age; evaluated at each look at the broker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from stockstream.alerts.alert import alert_id
from stockstream.alerts.evaluation.node import Saved, TopicValues
from stockstream.alerts.evaluation.program import Program
from stockstream.alerts.language.meaning import leaves
from stockstream.alerts.language.terms import TopicField
from stockstream.alerts.rule import Rule
from stockstream.alerts.sentence import sentence
from stockstream.errors import StateError
from stockstream.records import Alert, Series

Values: TypeAlias = Mapping[tuple[str, str], float | None]
"""The present values of topics, by topic and field; None for what is not known."""


class TopicRules:
    """Rules about topics. There is no history of what they read, so that they come when they are seen to be true."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._program = Program(rules, lambda time: time)
        self.wanted = frozenset(
            (leaf.topic, leaf.name)
            for rule in rules
            for _, number in rule.meaning.operands
            for leaf in leaves(number)
            if isinstance(leaf, TopicField)
        )

    def look(self, values: Values, now: datetime) -> list[Alert]:
        """Evaluate the rules with the present values; returns what is raised."""
        comings = self._program.step(TopicValues(now, values), 0)
        found = []
        for coming in comings:
            series = Series(_topic_of(coming.rule), "")
            name = alert_id(coming.rule.name, series, now, coming.way)
            found.append(
                Alert(
                    id=name, rule=coming.rule.name, when=coming.rule.when, symbol=series.symbol, time=now,
                    way=coming.way, values=coming.values, text=sentence(coming, series), at=now,
                )
            )  # fmt: skip
        return found

    def state(self) -> list[Saved]:
        """The state for a checkpoint."""
        return self._program.saved(self._program.snapshot())

    def restore(self, state: list[Saved]) -> None:
        """Go on from a `state`. Raises StateError for that of other rules."""
        if not isinstance(state, list):
            raise StateError("a saved state of rules about topics cannot be read")
        self._program.back(self._program.restored(state))


def _topic_of(rule: Rule) -> str:
    names = [
        leaf.topic for _, number in rule.meaning.operands for leaf in leaves(number) if isinstance(leaf, TopicField)
    ]
    return names[0]
