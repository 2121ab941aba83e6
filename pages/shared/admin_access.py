"""Who may open the admin page: whoever knows the secret that the host has set. Without a secret there is no such page."""

import hashlib
import time
from functools import cache
from pathlib import Path

import streamlit as st

from core import audit
from core.hosting.attempts import MIN_SECRET_CHARACTERS, Attempts
from core.workspace import default_home
from pages.shared.host_secrets import read_secret
from pages.shared.visitor import workspace

VARIABLE = "STUDIO_ADMIN_SECRET"
_SESSION_KEY = "admin_access"
_IDLE_SECONDS = 30 * 60.0


@cache
def admin_page() -> st.Page:
    """The admin page. It is in no menu, and the app has it only where :func:`admin_secret` is set."""
    return st.Page(Path(__file__).resolve().parents[1] / "admin.py", title="Admin")


def admin_secret() -> str:
    """The secret of the host, from the environment or from secrets.toml; empty if none is set, or one that is too short."""
    secret = read_secret(VARIABLE)
    return secret if len(secret) >= MIN_SECRET_CHARACTERS else ""


def is_admin() -> bool:
    """Whether this session has typed the secret, the secret is still the same, and the session was used lately."""
    fingerprint, used = st.session_state.get(_SESSION_KEY, ("", 0.0))
    secret = admin_secret()
    if not secret or fingerprint != _fingerprint(secret) or time.monotonic() - used > _IDLE_SECONDS:
        return False
    st.session_state[_SESSION_KEY] = fingerprint, time.monotonic()
    return True


def sign_in(typed: str) -> bool:
    """Whether the typed text is the secret; this session is the admin's then.

    Raises:
        LimitError: there were too many wrong attempts.
    """
    secret, visitor = admin_secret(), audit.pseudonym(workspace().root.name)
    is_right = bool(secret) and attempts().check(typed, secret)
    audit.record(default_home(), visitor, "signed in" if is_right else "refused", "admin page")
    if is_right:
        st.session_state[_SESSION_KEY] = _fingerprint(secret), time.monotonic()
    return is_right


def sign_out() -> None:
    """End the admin's session."""
    st.session_state.pop(_SESSION_KEY, None)


@cache
def attempts() -> Attempts:
    """The attempts of all visitors of this server."""
    return Attempts()


def _fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
