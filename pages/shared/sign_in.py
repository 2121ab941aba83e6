"""Optional sign-in with OpenID Connect: the person behind a request, from the cookie that Streamlit signs.

It is on where secrets.toml has a section ``[auth]``, as Streamlit documents for ``st.login``. The cookie is read here instead of
``st.user``, because the routes for downloads have a request but no session.
"""

import json
from dataclasses import dataclass

import streamlit as st
from starlette.requests import cookie_parser
from streamlit.auth_util import (
    get_cookie_with_chunks,
    get_origin_from_redirect_uri,
    get_secrets_auth_section,
    is_authlib_installed,
)
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

# Whoever guesses the secret that signs the cookie can be anybody.
MIN_COOKIE_SECRET_CHARACTERS = 32


@dataclass(frozen=True)
class Person:
    """A person at an identity provider; both together are unique and last (OpenID Connect Core 1.0, section 5.7)."""

    issuer: str
    subject: str
    name: str = ""

    @property
    def key(self) -> str:
        """What names the person's workspace; unlike the key in a cookie it has two line breaks."""
        return f"oidc\n{self.issuer}\n{self.subject}"


def is_sign_in_configured() -> bool:
    """Whether this host offers a sign-in: ``[auth]`` is in the secrets, its cookie secret is long, and Authlib is installed."""
    return bool(get_secrets_auth_section()) and _has_long_secret() and is_authlib_installed()


def signed_in_person(cookie_header: str) -> Person | None:
    """The person who has signed in, from a Cookie header; None without a cookie that this app has signed."""
    if USER_COOKIE_NAME not in cookie_header or not is_sign_in_configured():
        return None
    cookies, secret = cookie_parser(cookie_header), get_cookie_secret()

    def decode(name: str) -> bytes | None:
        value = cookies.get(name)
        return decode_signed_value(secret, name, value.encode("latin-1", "replace")) if value else None

    try:
        payload = json.loads(get_cookie_with_chunks(decode, USER_COOKIE_NAME) or b"")
    except ValueError:
        return None
    if not isinstance(payload, dict) or payload.get("origin") != get_origin_from_redirect_uri():
        return None
    issuer, subject = payload.get("iss"), payload.get("sub")
    if not (payload.get("is_logged_in") is True and isinstance(issuer, str) and isinstance(subject, str)):
        return None
    return (
        Person(issuer, subject, str(payload.get("name") or payload.get("email") or "")) if issuer and subject else None
    )


def show_sign_in() -> None:
    """A button that signs in, or who is signed in with a button that signs out; nothing where no sign-in is configured."""
    from pages.shared.widgets import escape_markdown

    if not is_sign_in_configured():
        return
    person = signed_in_person(st.context.headers.get("cookie", ""))
    if person is None:
        if st.button("Sign in", icon=":material/login:", help="Your workspace then follows you to other devices."):
            st.login()
        return
    st.caption(f"Signed in{' as ' + escape_markdown(person.name[:80]) if person.name else ''}")
    if st.button("Sign out", icon=":material/logout:", key="sign-out"):
        st.logout()


def _has_long_secret() -> bool:
    return len(get_cookie_secret()) >= MIN_COOKIE_SECRET_CHARACTERS
