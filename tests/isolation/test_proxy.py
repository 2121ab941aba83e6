"""Attacks on the separation of visitors, through a real proxy and with forged headers, cookies, hosts and origins."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from websockets.exceptions import WebSocketException

from tests.browser.conftest import Server
from tests.isolation.conftest import OWNER_MARKER, Proxied
from tests.streamlit_client import PAGES, Visitor, request

FORGED = (
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-Host": "localhost"},
    {"X-Forwarded-Anything": "1"},
    {"Forwarded": "for=127.0.0.1"},
    {"Via": "1.1 x"},
    {"X-Real-IP": "127.0.0.1"},
    {"X-Client-IP": "127.0.0.1"},
    {"True-Client-IP": "127.0.0.1"},
    {"CF-Connecting-IP": "127.0.0.1"},
    {"X-Original-Host": "localhost"},
    {"Host": "rebound.example"},
    {"Host": "127.0.0.1.rebound.example"},
)
FOREIGN_COOKIES = (
    "prefs={...}",
    "a/b=1",
    "user@host=1",
    'quoted="a; b"',
    "=empty",
    "no-value",
    "\xe4=\xf6",
    "a=" + "x" * 3000,
)


def table(marker: str) -> bytes:
    """A small table whose texts hold a marker."""
    return ("text,label\n" + "\n".join(f"{marker} text {i},{'ab'[i % 2]}" for i in range(40))).encode()


def save(visitor: Visitor, marker: str) -> None:
    """Upload a table and use it as a dataset."""
    visitor.open("data")
    visitor.choose("Source", "Upload")
    visitor.upload("", f"{marker}.csv", table(marker))
    visitor.click("Use this dataset")
    assert visitor.exceptions() == []


def seen_everywhere(visitor: Visitor) -> bytes:
    """All bytes that every page sends to a visitor."""
    visitor.received.clear()
    for page in PAGES:
        visitor.open(page)
        assert visitor.exceptions() == []
    return b"".join(visitor.received)


@pytest.fixture
def visitors(proxied: Proxied) -> Iterator[tuple[Visitor, Visitor]]:
    with ExitStack() as stack:
        yield stack.enter_context(Visitor(proxied.url)), stack.enter_context(Visitor(proxied.url))


def test_visitors_behind_a_proxy_see_neither_the_owner_nor_each_other(visitors: tuple[Visitor, Visitor]) -> None:
    first, second = visitors
    assert first.cookie
    assert first.cookie != second.cookie
    save(first, "marker-of-the-first-19c2")
    save(second, "marker-of-the-second-88e4")
    assert b"marker-of-the-first-19c2" in seen_everywhere(first)
    seen = seen_everywhere(second)
    assert b"marker-of-the-second-88e4" in seen
    assert b"marker-of-the-first" not in seen
    assert OWNER_MARKER.encode() not in seen


def test_a_visitor_behind_a_proxy_cannot_open_folders_media_or_metrics(proxied: Proxied) -> None:
    with Visitor(proxied.url) as visitor:
        visitor.open("train")
        assert "Local folder" not in visitor.text()
        assert visitor.get("/_stcore/metrics").status == 404
    assert request(proxied.url, "GET", "/media/0123456789abcdef.csv", {}).status == 404
    answer = request(proxied.url, "GET", "/", {})
    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert "frame-ancestors 'self'" in answer.header("Content-Security-Policy")
    assert "HttpOnly" in answer.header("Set-Cookie")


def test_the_owner_on_loopback_sees_the_own_dataset(direct: Server) -> None:
    with Visitor(direct.url) as owner:
        assert OWNER_MARKER.encode() in seen_everywhere(owner)


@pytest.mark.parametrize("headers", FORGED, ids=lambda headers: next(f"{n}={v}" for n, v in headers.items()))
def test_forged_headers_never_open_the_owners_workspace(direct: Server, headers: dict[str, str]) -> None:
    key = "studio_visitor=" + "0123456789abcdef" * 2
    answer = request(direct.url, "GET", "/_stcore/metrics", headers)
    assert answer.status == 404
    sent = {name: value for name, value in headers.items() if name != "Host"}
    if not sent:
        return
    with Visitor(direct.url, cookie=key, headers=sent) as visitor:
        assert OWNER_MARKER.encode() not in seen_everywhere(visitor)


@pytest.mark.parametrize("foreign", FOREIGN_COOKIES, ids=lambda cookie: cookie[:12])
def test_cookies_of_other_programs_change_nothing(proxied: Proxied, foreign: str) -> None:
    with Visitor(proxied.url) as visitor:
        key = visitor.cookie
    for cookie in (f"{foreign}; {key}", f"{key}; {foreign}"):
        answer = request(proxied.url, "GET", "/", {"Cookie": cookie})
        assert answer.status == 200
        assert "studio_visitor" not in answer.header("Set-Cookie")


@pytest.mark.parametrize("made_up", ["local", "../local", "visitor-1", "0" * 31, "0" * 33, "G" * 32, "%2e%2e", ""])
def test_a_made_up_key_opens_nothing(proxied: Proxied, made_up: str) -> None:
    with Visitor(proxied.url, cookie=f"studio_visitor={made_up}") as visitor:
        assert OWNER_MARKER.encode() not in seen_everywhere(visitor)


@pytest.mark.parametrize("origin", ["http://evil.example", "https://127.0.0.1.evil.example", "null"])
def test_a_websocket_of_a_foreign_page_is_refused(direct: Server, origin: str) -> None:
    with pytest.raises(WebSocketException), Visitor(direct.url, headers={"Origin": origin}) as visitor:
        visitor.open("")
