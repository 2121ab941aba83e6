"""Whose data sets and runs are shown: one workspace on a loopback address, a private one for each visitor elsewhere."""

import hashlib
import secrets

import streamlit as st

from core.workspace import Workspace, workspace_of
from pages.shared.middleware import COOKIE

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_SESSION_KEY = "visitor"


def workspace() -> Workspace:
    """The present visitor's workspace."""
    if on_loopback():
        return workspace_of("local")
    # A host that runs the plain script sets no cookie: then the workspace lasts as long as the session.
    key = st.context.cookies.get(COOKIE) or st.session_state.setdefault(_SESSION_KEY, secrets.token_hex(16))
    # The folder's name must not give the key away to whoever sees the disk.
    return workspace_of("visitor-" + hashlib.sha256(key.encode()).hexdigest()[:32])


def on_loopback() -> bool:
    """Whether the server listens on this machine alone."""
    return str(st.get_option("server.address") or "") in _LOOPBACK
