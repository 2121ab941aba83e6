"""Who a request comes from: the owner of this machine, who has the workspace "local", or a visitor with a private one.

A request is local if the server listens on a loopback address only, and the request names a loopback host and shows no sign of
a proxy. Everything else is shared: other addresses, a reverse proxy on the same machine, a foreign host name (DNS rebinding), or
``STUDIO_MODE=shared``.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

import streamlit as st
from starlette.requests import cookie_parser

from core.limits import HostLimits, host_limits
from core.workspace import VISITOR_PREFIX, Workspace, workspace_of
from pages.shared.sign_in import signed_in_person

COOKIE = "studio_visitor"
_KEY = re.compile(r"[0-9a-f]{32}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PROXY_HEADERS = (
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-original-host",
)
_PROXY_PREFIX = "x-forwarded-"
_SESSION_KEY = "visitor"


def workspace() -> Workspace:
    """The workspace of the current visitor."""
    # A host that runs the plain script sets no cookie. The workspace then lasts as long as the session.
    return workspace_for(st.context.headers) or _workspace_of_key(
        st.session_state.setdefault(_SESSION_KEY, secrets.token_hex(16))
    )


def workspace_for(headers: Mapping[str, str]) -> Workspace | None:
    """The workspace of a request with these headers: the owner's, that of a person who has signed in, or that of a cookie.

    None for a visitor without a cookie.
    """
    if is_local_request(headers):
        return workspace_of("local")
    cookies = _lower(headers).get("cookie", "")
    if (person := signed_in_person(cookies)) is not None:
        return _workspace_of_key(person.key)
    key = visitor_key(cookies)
    return _workspace_of_key(key) if key else None


def is_local() -> bool:
    """Whether the current session is one of the owner of this machine."""
    return is_local_request(st.context.headers)


def limits() -> HostLimits:
    """The limits of the host for the current visitor."""
    return host_limits(shared=not is_local())


def is_local_request(headers: Mapping[str, str]) -> bool:
    """Whether a request with these headers comes from this machine, without a proxy and under a loopback name."""
    if not _listens_on_loopback() or os.environ.get("STUDIO_MODE") == "shared":
        return False
    present = _lower(headers)
    if any(name in _PROXY_HEADERS or name.startswith(_PROXY_PREFIX) for name in present):
        return False
    # A proxy may rewrite the host, but not the origin that the browser names when it opens the websocket.
    names = [f"//{present['host']}" if "host" in present else "", present.get("origin", "")]
    return all(_host_name(name) in _LOOPBACK for name in names if name)


def has_visitor_cookie(cookie_header: str) -> bool:
    """Whether a Cookie header has a visitor's cookie, even one that is not valid: it is never overwritten."""
    return COOKIE in cookie_parser(cookie_header)


def visitor_key(cookie_header: str) -> str | None:
    """The key in the visitor's cookie; None without a valid one. Cookies of other programs may have any form."""
    key = cookie_parser(cookie_header).get(COOKIE, "")
    return key if _KEY.fullmatch(key) else None


def _listens_on_loopback() -> bool:
    return str(st.get_option("server.address") or "") in _LOOPBACK


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _host_name(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _workspace_of_key(key: str) -> Workspace:
    # Hashed, so that the folder's name does not reveal the key to someone who can list the disk.
    return workspace_of(VISITOR_PREFIX + hashlib.sha256(key.encode()).hexdigest()[:32])
