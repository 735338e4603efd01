"""Every route has a role, found by discovery: a new one without it fails, and each is tried with every role below."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from stockstream.credentials import BROKER_FOLDER
from stockstream.kafka.certificates import Certificates
from tests.site import Site
from tests.web.server import PASSWORD, Served, served

pytest.importorskip("fastapi")

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute

from stockstream.web import alerts_api, api, metrics, pages, socket
from stockstream.web.roles import Role
from stockstream.web.security import AtLeast

ROUTES = [route for router in (pages, api, alerts_api, metrics, socket) for route in router.router.routes]
OPEN = {
    ("GET", "/login"), ("POST", "/login"), ("GET", "/welcome/{secret}"), ("POST", "/welcome/{secret}"),
    ("GET", "/"),  # the page itself; strangers are sent to the login
}  # fmt: skip
OWN = {("POST", "/logout")}
"""What changes nothing but one's own session."""

SAFE = {"GET", "HEAD"}


def roles(dependant: Dependant) -> list[Role]:
    """The roles that a route asks for, at any depth."""
    found = [dependant.call.role] if isinstance(dependant.call, AtLeast) else []
    return [*found, *(role for each in dependant.dependencies for role in roles(each))]


def declared() -> dict[tuple[str, str], Role]:
    """The role of each route that is not open to strangers."""
    found: dict[tuple[str, str], Role] = {}
    for route in ROUTES:
        if isinstance(route, APIRoute):
            for method in route.methods or ():
                if (method, route.path) not in OPEN:
                    asked = roles(route.dependant)
                    assert len(asked) == 1, f"{method} {route.path} declares no role: Viewer, Analyst or Admin"
                    found[method, route.path] = asked[0]
    return found


def filled(path: str) -> str:
    for name in ("name", "secret", "identity"):
        path = path.replace(f"{{{name}}}", "x")
    return path


@pytest.fixture(scope="module")
def page(running_site: Site) -> Iterator[Served]:
    with served(running_site) as page:
        yield page


def test_every_route_declares_its_role() -> None:
    found = declared()
    assert len(found) > 20
    assert {path for route in ROUTES if isinstance(route, APIWebSocketRoute) for path in [route.path]} == {"/ws"}
    for (method, path), role in found.items():
        if method not in SAFE and (method, path) not in OWN:
            assert role is not Role.VIEWER, f"{method} {path}: a viewer changes nothing"
        if "user" in path or path in ("/api/monitor", "/metrics"):
            assert role is Role.ADMIN, (method, path)


def test_every_route_refuses_the_roles_below_its_own(page: Served) -> None:
    clients = {role: page.login(role.value) for role in (Role.VIEWER, Role.ANALYST)}
    tried = 0
    for (method, path), role in declared().items():
        for below, client in clients.items():
            if not below.covers(role):
                answer = client.request(method, filled(path), json={})
                assert answer.status_code == 403, (method, path, below)
                tried += 1
    assert tried >= 10


def test_every_change_needs_the_token_and_the_origin_of_the_page(page: Served) -> None:
    admin = page.login("admin")
    for method, path in declared():
        if method in SAFE:
            continue
        for header in ("X-CSRF-Token", "Origin"):
            for value in ("", "wrong"):
                answer = admin.request(method, filled(path), json={}, headers={header: value})
                assert answer.status_code == 403, (method, path, header, value)
    assert admin.get("/api/me").status_code == 200  # the session goes on


def test_under_tls_the_cookie_is_held_to_the_host_and_to_tls(running_site: Site, tmp_path: Path) -> None:
    site = Site(tmp_path, running_site.bootstrap_servers)
    certificates = Certificates(tmp_path / "data" / BROKER_FOLDER / "secure")
    certificates.ensure()
    trusted = ssl.create_default_context(cafile=str(certificates.authority))
    with served(site, "--tls", roles=("viewer",)) as own, httpx.Client(base_url=own.url, verify=trusted) as client:
        assert own.url.startswith("https://")
        client.headers["Origin"] = own.url
        answer = client.post("/login", data={"name": "viewer", "password": PASSWORD})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-stockstream=")
        for flag in ("secure", "httponly", "samesite=strict", "path=/"):
            assert flag in cookie.lower().split("; "), flag
        assert "domain" not in cookie.lower()
        assert client.get("/api/me").json()["name"] == "viewer"
        plain = client.post("/login", data={}, headers={"Origin": own.url.replace("https", "http")})
        assert plain.status_code == 403
