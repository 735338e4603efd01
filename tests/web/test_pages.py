"""What a stranger types is shown in the pages without a session, and is no markup there."""

from __future__ import annotations

import pytest

pytest.importorskip("fastapi")

from stockstream.web.pages import render

TYPED = '"><script>alert(1)</script>'
SHOWN = b"&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("login.html.jinja", "name"),
        ("login.html.jinja", "message"),
        ("welcome.html.jinja", "name"),
        ("welcome.html.jinja", "message"),
        ("welcome.html.jinja", "secret"),
    ],
)
def test_what_was_typed_is_no_markup(template: str, value: str) -> None:
    values = {"name": "", "message": "", "secret": "", value: TYPED}
    body = bytes(render(template, 200, **values).body)
    assert SHOWN in body
    assert TYPED.encode() not in body
