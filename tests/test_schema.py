"""The schema agrees with the types, and the page with the schema."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from stockstream.codec import Unreadable
from stockstream.intervals import is_interval
from stockstream.schema import MEANINGS, fields, schema
from stockstream.topics import ALERTS, FLIGHTS, STOCKS, TOPICS
from tests.alerts.alerts import alert
from tests.cli.helpers import stockstream
from tests.cli.records import flight
from tests.views.bars import walk

PAGE = (Path(__file__).parents[1] / "docs" / "schema.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("topic", TOPICS)
def test_every_field_has_a_meaning_and_no_other_has(topic: str) -> None:
    assert set(MEANINGS[topic]) == set(TOPICS[topic].record.__struct_fields__)


@pytest.mark.parametrize("topic", TOPICS)
def test_the_page_has_a_row_for_each_field(topic: str) -> None:
    for field in fields(topic):
        assert f"| `{field.name}` | {field.type} | {field.default and f'`{field.default}`'} | {field.meaning} |" in PAGE


def test_what_must_be_there_is_what_a_reader_misses() -> None:
    for topic, record in ((STOCKS, walk(1)[0]), (FLIGHTS, flight(3)), (ALERTS, alert())):
        whole = msgspec.to_builtins(record)
        required = schema(topic.name)["required"]
        topic.decoder()(json.dumps({name: whole[name] for name in required}).encode())
        for name in required:
            with pytest.raises(Unreadable, match=name):
                topic.decoder()(json.dumps({key: value for key, value in whole.items() if key != name}).encode())


INTERVALS = ("1m", "3m", "12wk", "90d", "3mo", "1y", "0m", "m", "1min", "1M", "100000000d", " 1m", "1m\n")


@pytest.mark.parametrize("text", INTERVALS)
def test_the_pattern_of_intervals_is_that_of_readers(text: str) -> None:
    pattern = schema("stocks")["properties"]["interval"]["pattern"]
    assert is_interval(text) == bool(re.fullmatch(pattern, text))


def test_the_command_prints_it(tmp_path: Path) -> None:
    assert json.loads(stockstream("schema", "stocks", cwd=tmp_path).stdout) == json.loads(json.dumps(schema("stocks")))
    assert stockstream("schema", "stock", cwd=tmp_path).returncode == 2
