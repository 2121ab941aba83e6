"""Who is local, who is a visitor, and what the middleware adds and closes."""

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from core.errors import ModelError
from pages.sections.train import settings
from pages.shared.middleware import VisitorCookieMiddleware
from pages.shared.visitor import COOKIE, is_local_request, workspace_for

KEY = "0123456789abcdef" * 2


@pytest.mark.parametrize("host", ["127.0.0.1:8501", "localhost:8501", "localhost", "[::1]:8501", "LOCALHOST:8501"])
def test_requests_to_a_loopback_name_are_local(on_loopback: None, host: str) -> None:
    assert is_local_request({"Host": host, "Origin": f"http://{host}"})
    workspace = workspace_for({"host": host})
    assert workspace is not None
    assert workspace.root.name == "local"


@pytest.mark.parametrize(
    "header",
    [
        *("X-Forwarded-For", "x-forwarded-host", "X-FORWARDED-PROTO", "X-Forwarded-Port", "X-Forwarded-User"),
        *("Forwarded", "Via", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP"),
    ],
)
def test_behind_a_proxy_nobody_is_local(on_loopback: None, header: str) -> None:
    assert not is_local_request({"Host": "127.0.0.1:8501", header: "127.0.0.1"})


@pytest.mark.parametrize(
    "host",
    ["studio.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:8501", "[", "127.0.0.2"],
)
def test_foreign_names_are_not_local(on_loopback: None, host: str) -> None:
    assert not is_local_request({"Host": host})
    assert not is_local_request({"Host": "127.0.0.1:8501", "Origin": f"https://{host}"})
    assert workspace_for({"Host": host}) is None


def test_other_addresses_and_the_shared_mode_are_not_local(on_loopback: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MODE", "shared")
    assert not is_local_request({"Host": "localhost"})


def test_a_server_on_every_address_is_shared() -> None:
    assert not is_local_request({"Host": "localhost"})


@pytest.mark.parametrize(
    "cookies",
    [
        f"{COOKIE}={KEY}",
        f'prefs={{"a": 1}}; {COOKIE}={KEY}',
        f"a/b=c; x@y=z; {COOKIE}={KEY}; q=[1, 2]",
        f'broken; ="; {COOKIE}={KEY}',
    ],
)
def test_a_visitor_keeps_the_workspace_whatever_other_cookies_there_are(cookies: str) -> None:
    plain = workspace_for({"Cookie": f"{COOKIE}={KEY}"})
    assert plain is not None
    assert workspace_for({"Cookie": cookies}) == plain
    assert plain.root.name.startswith("visitor-")
    assert KEY not in plain.root.name


@pytest.mark.parametrize("value", ["", "local", "../local", "a", KEY.upper(), KEY + "0"])
def test_a_cookie_that_was_made_up_opens_no_workspace(value: str) -> None:
    assert workspace_for({"Cookie": f"{COOKIE}={value}"}) is None


async def page(request: Request) -> HTMLResponse:
    return HTMLResponse("<h1>page</h1>")


async def plain(request: Request) -> PlainTextResponse:
    return PlainTextResponse("text")


def client(**headers: str) -> TestClient:
    """A client of a small app behind the middleware."""
    routes = [Route("/", page), Route("/media/{name}", plain), Route("/_stcore/metrics", plain), Route("/x", plain)]
    app = Starlette(routes=routes, middleware=[Middleware(VisitorCookieMiddleware)])
    return TestClient(app, headers=headers)


def test_every_answer_has_security_headers_and_the_first_page_a_cookie() -> None:
    visitor = client()
    first = visitor.get("/")
    assert first.headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in first.headers["content-security-policy"]
    cookie = first.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "set-cookie" not in visitor.get("/").headers
    other = visitor.get("/x")
    assert other.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in other.headers


@pytest.mark.parametrize("cookies", ['prefs={"a": 1}', "a/b=c; x@y=z", f"{COOKIE}=invalid", 'q="; '])
def test_a_cookie_that_is_there_is_never_overwritten(cookies: str) -> None:
    answer = client(Cookie=f"{cookies}; {COOKIE}={KEY}").get("/")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


def test_files_of_pages_need_a_cookie_and_are_not_kept() -> None:
    assert client().get("/media/texts.csv").status_code == 404
    answer = client(Cookie=f"{COOKIE}={KEY}").get("/media/texts.csv")
    assert answer.text == "text"
    assert answer.headers["cache-control"] == "no-store"


def test_the_metrics_of_the_server_are_for_this_machine(on_loopback: None) -> None:
    assert client(Host="localhost:8501").get("/_stcore/metrics").text == "text"
    assert client(**{"Host": "localhost:8501", "X-Forwarded-For": "1.2.3.4"}).get("/_stcore/metrics").status_code == 404
    assert client(Host="studio.example").get("/_stcore/metrics").status_code == 404


@pytest.mark.parametrize("typed", ["/etc", "~", "..", "../x/y", "models/../../etc"])
def test_a_visitor_cannot_use_a_folder_of_the_host(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "is_local", lambda: False)
    monkeypatch.setattr(st, "selectbox", lambda *args, **options: typed)
    with pytest.raises(ModelError, match="Expected an encoder as owner/name"):
        settings.choose_encoder()
