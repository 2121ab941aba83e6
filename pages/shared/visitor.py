"""The visitor's workspace: a single one on a loopback address, a private one for each visitor on any other address."""

import hashlib
import secrets

import streamlit as st

from core.workspace import Workspace, workspace_of
from pages.shared.middleware import COOKIE

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_SESSION_KEY = "visitor"


def workspace() -> Workspace:
    """The workspace of the current visitor."""
    # A host that runs the plain script sets no cookie. The workspace then lasts as long as the session.
    return workspace_of_cookie(st.context.cookies.get(COOKIE)) or _workspace_of_key(
        st.session_state.setdefault(_SESSION_KEY, secrets.token_hex(16))
    )


def workspace_of_cookie(cookie: str | None) -> Workspace | None:
    """The workspace of the visitor with a cookie; None for a visitor who has none and is not on a loopback address."""
    if on_loopback():
        return workspace_of("local")
    return _workspace_of_key(cookie) if cookie else None


def _workspace_of_key(key: str) -> Workspace:
    # Hashed, so that the folder's name does not reveal the key to someone who can list the disk.
    return workspace_of("visitor-" + hashlib.sha256(key.encode()).hexdigest()[:32])


def on_loopback() -> bool:
    """Whether the server accepts connections from this machine only."""
    return str(st.get_option("server.address") or "") in _LOOPBACK
