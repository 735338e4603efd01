"""Attacks on the page, each refused: over real HTTP and WebSockets, against the real command."""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from stockstream.topics import STOCKS
from stockstream.web.database import Database
from tests.site import Site
from tests.views.bars import bar
from tests.web.server import PASSWORD, Served, served

pytest.importorskip("fastapi")


@pytest.fixture(scope="module")
def page(running_site: Site) -> Iterator[Served]:
    running_site.clear()
    running_site.send(STOCKS, [bar(minute, 100.0 + minute % 7) for minute in range(30)])
    with served(running_site) as page:
        yield page


def test_strangers_see_the_login_and_nothing_else(page: Served) -> None:
    with httpx.Client(base_url=page.url) as client:
        assert client.get("/").headers["location"] == "/login"
        assert client.get("/login").status_code == 200
        for path in ("me", "series", "bars?symbol=AAPL", "frames?symbol=AAPL", "indicators", "layouts", "users",
                     "monitor", "dashboard", "themes", "keys", "openapi.json", "shared/x"):  # fmt: skip
            assert client.get(f"/api/{path}").status_code == 401, path
        assert client.get("/metrics").status_code == 401
        for path in ("/docs", "/redoc", "/openapi.json"):
            assert client.get(path).status_code == 404, path


def test_every_endpoint_of_the_api_asks_who_it_is(page: Served) -> None:
    described = page.login("admin").get("/api/openapi.json").json()
    with httpx.Client(base_url=page.url, headers={"Origin": page.origin}) as client:
        for path, methods in described["paths"].items():
            for method in methods:
                answer = client.request(method.upper(), path.replace("{name}", "x").replace("{secret}", "x"))
                assert answer.status_code == 401, (method, path)


def test_a_cookie_is_worth_nothing_after_logout(page: Served) -> None:
    client = page.login("viewer")
    stolen = dict(client.cookies)
    assert client.get("/api/me").status_code == 200
    assert client.post("/logout").status_code == 204
    with httpx.Client(base_url=page.url, cookies=stolen) as thief:
        assert thief.get("/api/me").status_code == 401


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(page: Served) -> None:
    with httpx.Client(base_url=page.url, headers={"Origin": page.origin}) as client:
        answer = client.post("/login", data={"name": "viewer", "password": PASSWORD})
        cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", None, "https"])
def test_a_change_from_another_origin_is_refused(page: Served, origin: str | None) -> None:
    client = page.login("analyst")
    sent = page.origin.replace("http:", "https:") if origin == "https" else origin
    del client.headers["Origin"]
    if sent is not None:
        client.headers["Origin"] = sent
    answer = client.put("/api/layouts/x", json={"content": {}})
    assert answer.status_code == 403
    assert client.post("/login", data={"name": "viewer", "password": PASSWORD}).status_code == 403


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_a_change_without_the_sessions_token_is_refused(page: Served, token: str | None) -> None:
    client = page.login("analyst")
    del client.headers["X-CSRF-Token"]
    if token is not None:
        client.headers["X-CSRF-Token"] = token
    assert client.put("/api/layouts/x", json={"content": {}}).status_code == 403
    assert client.post("/logout").status_code == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", None])
def test_a_websocket_of_another_origin_is_refused(page: Served, origin: str | None) -> None:
    client = page.login("viewer")
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    with (
        pytest.raises(InvalidStatus, match="403"),
        connect(
            f"{page.url.replace('http', 'ws')}/ws",
            additional_headers={"Cookie": cookie},
            origin=None if origin is None else Origin(origin),
        ),
    ):
        pass


def test_a_websocket_without_a_session_is_refused(page: Served) -> None:
    with pytest.raises(InvalidStatus, match="403"), page.socket(httpx.Client()):
        pass


def test_a_websocket_ends_with_its_session(running_site: Site, page: Served) -> None:
    running_site.run("web", "user", "add", "leaver", stdin=f"{PASSWORD}\n")
    client = page.login("leaver")
    with page.socket(client) as socket:
        socket.send(json.dumps({"type": "open", "chart": 1, "request": {"symbol": "AAPL"}}))
        assert said(socket)["type"] == "snapshot"
        assert client.post("/logout").status_code == 204
        code = None
        while code is None:
            try:
                socket.recv(30)
            except ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 0
        assert code == 4401


def test_guessing_passwords_is_held_back(running_site: Site, page: Served) -> None:
    running_site.run("web", "user", "add", "guessed", stdin=f"{PASSWORD}\n")
    with httpx.Client(base_url=page.url, headers={"Origin": page.origin}) as client:
        codes = [
            client.post("/login", data={"name": "guessed", "password": f"guess number {number}"}).status_code
            for number in range(8)
        ]
        right = client.post("/login", data={"name": "guessed", "password": PASSWORD}).status_code
    assert codes == [401] * 5 + [429] * 3
    assert right == 429
    events = [json.loads(line) for line in page.audit.read_text().splitlines()]
    mine = [each["event"] for each in events if each["user"] == "guessed"]
    assert mine.count("login refused") == 5
    assert mine.count("login held back") == 1  # the log says it once a minute
    assert all(each["address"] == "127.0.0.1" for each in events if each["user"] == "guessed")


def test_many_guesses_at_once_are_held_back_too(running_site: Site, page: Served) -> None:
    running_site.run("web", "user", "add", "raced", stdin=f"{PASSWORD}\n")

    async def guess() -> list[int]:
        async with httpx.AsyncClient(base_url=page.url, headers={"Origin": page.origin}, timeout=60) as client:
            forms = [{"name": "raced", "password": f"guess number {number}"} for number in range(40)]
            return [each.status_code for each in await asyncio.gather(*(client.post("/login", data=f) for f in forms))]

    codes = asyncio.run(guess())
    assert sorted(codes) == [401] * 5 + [429] * 35


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(("method", "path"), [("PUT", "/api/layouts/x"), ("POST", "/login"), ("POST", "/api/users")])
def test_no_stranger_fills_the_memory(page: Served, method: str, path: str, *, declared: bool) -> None:
    pieces = [b"name=" + b"x" * 59_995, b"x" * 60_000, b"x" * 60_000]
    kind = "application/json" if path.startswith("/api/") else "application/x-www-form-urlencoded"
    headers = {"Origin": page.origin, "Content-Type": kind}
    with httpx.Client(base_url=page.url, headers=headers) as client:
        answer = client.request(method, path, content=b"".join(pieces) if declared else iter(pieces))
        assert answer.status_code == 413
        assert "limited to 128,000 bytes" in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        fits = client.request(method, path, content=b"".join(pieces[:2]))
        assert fits.status_code in (401, 422)


def test_what_a_page_asks_by_itself_is_no_use_of_its_session(running_site: Site, page: Served) -> None:
    client = page.login("viewer")
    database = Database(running_site.folder / "data" / "web" / "accounts.sqlite")
    with database.open() as connection:
        connection.execute("UPDATE session SET seen = seen - 1000 WHERE user = 'viewer'")

    def used() -> bool:
        with database.open() as connection:
            (newest,) = connection.execute("SELECT max(seen) FROM session WHERE user = 'viewer'").fetchone()
        return bool(time.time() - newest < 500)

    assert client.get("/api/series").status_code == 200
    with page.socket(client) as socket:
        socket.send(json.dumps({"type": "open", "chart": 1, "request": {"symbol": "AAPL"}}))
        socket.recv(30)
    assert not used()
    with page.socket(client) as socket:
        socket.send(json.dumps({"type": "active"}))  # a person has pressed a key
        socket.send("[1]")
        assert said(socket)["type"] == "problem"  # what came before it was done
    assert used()
    with database.open() as connection:
        connection.execute("UPDATE session SET seen = seen - 1000 WHERE user = 'viewer'")
    assert client.get("/api/me").status_code == 200
    assert used()


def test_what_changed_and_what_was_refused_is_in_the_audit_log(running_site: Site, page: Served) -> None:
    running_site.run("web", "user", "add", "noted", "--role", "analyst", stdin=f"{PASSWORD}\n")
    running_site.run("web", "token", "add", "noted", "job")
    running_site.run("web", "token", "revoke", "noted", "job")
    client = page.login("noted")
    assert client.put("/api/layouts/mine", json={"content": {"charts": [{"symbol": "AAPL"}]}}).status_code == 204
    refused = client.put("/api/layouts/mine", json={"content": {"theme": "constructor"}})
    assert (refused.status_code, refused.json()) == (
        400,
        {"detail": "there is no theme constructor: light, dark, contrast"},
    )
    secret = client.post("/api/layouts/mine/link").json()["shared"]
    assert client.delete("/api/layouts/mine").status_code == 204
    for _ in range(3):
        assert client.get("/api/users").status_code == 403
    lines = [json.loads(line) for line in page.audit.read_text().splitlines()]
    mine = [each for each in lines if "noted" in (each["user"], each.get("owner"))]
    assert [each["event"] for each in mine] == [
        "token added", "token revoked", "login", "layout saved", "layout shared", "layout deleted", "refused",
    ]  # fmt: skip
    assert mine[-1]["request"] == "GET /api/users"
    assert secret not in page.audit.read_text()
    before = len(lines)
    with httpx.Client(base_url=page.url, headers={"Origin": "http://evil.example"}) as stranger:
        for _ in range(3):
            assert stranger.post("/login", data={"name": "noted", "password": PASSWORD}).status_code == 403
    added = [json.loads(line) for line in page.audit.read_text().splitlines()[before:]]
    assert len(added) <= 1  # once a minute, for all who are not known


def test_roles_are_held_by_the_server(page: Served) -> None:
    viewer, analyst, admin = (page.login(role) for role in ("viewer", "analyst", "admin"))
    body: dict[str, dict[str, list[str]]] = {"content": {"charts": []}}
    assert viewer.put("/api/layouts/x", json=body).status_code == 403
    assert analyst.put("/api/layouts/x", json=body).status_code == 204
    described = (Path(__file__).parents[2] / "docs" / "web.md").read_text()
    for name in re.findall(r"^# HELP (stockstream_web_\w+)", admin.get("/metrics").text, re.MULTILINE):
        assert f"`{name}`" in described
    for path in ("/api/users", "/api/monitor", "/metrics"):
        assert [each.get(path).status_code for each in (viewer, analyst, admin)] == [403, 403, 200], path
    new = {"name": "eve", "password": PASSWORD, "role": "admin"}
    assert analyst.post("/api/users", json=new).status_code == 403
    assert admin.post("/api/users", json=new).status_code == 204
    assert admin.patch("/api/users/eve", json={"disabled": True}).status_code == 204


def test_a_token_works_for_scripts_and_in_its_role_only(running_site: Site, page: Served) -> None:
    made = running_site.run("web", "token", "add", "analyst", "job", "--role", "viewer")
    assert made.returncode == 0, made.stderr
    headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
    with httpx.Client(base_url=page.url, headers=headers) as client:
        assert client.get("/api/me").json() == {"name": "analyst", "role": "viewer", "csrf": ""}
        assert client.put("/api/layouts/x", json={"content": {}}).status_code == 403
        running_site.run("web", "token", "revoke", "analyst", "job")
        assert client.get("/api/me").status_code == 401
    assert made.stdout.strip() not in page.audit.read_text()


def test_every_answer_forbids_what_is_not_from_here(page: Served) -> None:
    client = page.login("viewer")
    for path in ("/", "/login", "/api/me", "/static/app.js", "/nothing", "/api/frames?symbol=NONE"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "server" not in headers
    assert client.get("/api/me").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/static/....//app.py",
    ],
)
def test_no_path_leads_out_of_the_assets(page: Served, path: str) -> None:
    host = page.url.removeprefix("http://")
    answer = subprocess.run(
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--path-as-is", f"http://{host}{path}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert answer.stdout == "404"


def test_bad_requests_are_one_line(page: Served) -> None:
    client = page.login("viewer")
    for query, words in (
        ("symbol=NONE", "there is no series of NONE"),
        ("symbol=AAPL&with=nothing", "'nothing' is not an indicator of bars"),
        ("symbol=AAPL&with=sma:period=x", "sma: period is 'x', should be a whole number"),
        ("symbol=AAPL&resample=7q", "7q"),
        ("symbol=AAPL&start=soon", "soon"),
    ):
        answer = client.get(f"/api/frames?{query}")
        assert answer.status_code == 400, query
        assert words in answer.json()["detail"]
        assert "Traceback" not in answer.text
    with page.socket(client) as socket:
        for text in ("", "{", '{"type":"open"}', '{"type":"open","chart":1,"request":{"symbol":"NONE"}}', "[1]"):
            socket.send(text)
            assert said(socket)["type"] == "problem", text


def said(socket: ClientConnection) -> dict[str, Any]:
    """What the server says next, but for signs of life."""
    while True:
        message: dict[str, Any] = json.loads(socket.recv(30))["message"]
        if message["type"] != "alive":
            return message


def test_the_first_admin_is_made_by_a_link_that_works_once(running_site: Site) -> None:
    fresh = Site(running_site.folder / "fresh", running_site.bootstrap_servers)
    fresh.folder.mkdir()
    with served(fresh, roles=()) as page:
        assert page.process.stdout is not None
        said = page.process.stdout.readline()
        link = next(word for word in said.split() if "/welcome/" in word)
        secret = link.rpartition("/")[2]
        assert httpx.post(link, headers={"Origin": "http://elsewhere"}).status_code == 403
        assert "POST /welcome/..." in page.audit.read_text()
        kept = [path for path in fresh.folder.rglob("*") if path.is_file()]
        assert not any(secret.encode() in path.read_bytes() for path in kept)  # no log holds it
        in_use = fresh.run("web", "--port", page.url.rpartition(":")[2])
        assert (in_use.returncode, in_use.stdout) == (1, ""), in_use.stdout
        with httpx.Client(headers={"Origin": page.origin}) as client:
            assert client.get(link).status_code == 200
            weak = client.post(link, data={"name": "boss", "password": "short"})
            assert weak.status_code == 400
            assert "10 to 1,000 characters" in weak.text
            made = client.post(link, data={"name": "boss", "password": PASSWORD})
            assert made.status_code == 303
            assert client.get(link).status_code == 404
            assert client.post(link, data={"name": "second", "password": PASSWORD}).status_code == 404
        assert page.login("boss").get("/api/me").json()["role"] == "admin"
        if os.name == "posix":
            accounts = fresh.folder / "data" / "web" / "accounts.sqlite"
            assert stat.S_IMODE(accounts.stat().st_mode) == 0o600
            assert stat.S_IMODE(page.audit.stat().st_mode) == 0o600
