"""Only a cookie that this app has signed, for its own address, makes a person; everything else keeps the visitor's cookie."""

import json
from typing import Any

import pytest
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from pages.shared import sign_in
from pages.shared.sign_in import signed_in_person
from pages.shared.visitor import COOKIE, workspace_for

SECRET, ORIGIN = "s" * 40, "https://studio.example"
CLAIMS: dict[str, Any] = {
    "iss": "https://id.example",
    "sub": "alice",
    "name": "Alice",
    "origin": ORIGIN,
    "is_logged_in": True,
}


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with a sign-in."""
    monkeypatch.setattr(sign_in, "get_secrets_auth_section", lambda: {"client_id": "studio"})
    monkeypatch.setattr(sign_in, "get_cookie_secret", lambda: SECRET)
    monkeypatch.setattr(sign_in, "get_origin_from_redirect_uri", lambda: ORIGIN)


def cookie(claims: object, secret: str = SECRET, name: str = "_streamlit_user") -> str:
    """The Cookie header after a sign-in with these claims, beside a visitor's cookie."""
    signed = create_signed_value(secret, name, json.dumps(claims)).decode()
    return f"{COOKIE}={'a' * 32}; _streamlit_user={signed}"


def test_a_signed_cookie_names_a_person_with_a_workspace_of_their_own(configured: None) -> None:
    person = signed_in_person(cookie(CLAIMS))
    assert person is not None
    assert (person.issuer, person.subject, person.name) == ("https://id.example", "alice", "Alice")
    here = workspace_for({"Cookie": cookie(CLAIMS)})
    others = [
        workspace_for({"Cookie": f"{COOKIE}={'a' * 32}"}),
        workspace_for({"Cookie": cookie(CLAIMS | {"sub": "bob"})}),
        workspace_for({"Cookie": cookie(CLAIMS | {"iss": "https://other.example"})}),
    ]
    assert here is not None
    assert here.root.name.startswith("visitor-")
    assert len({here.root, *(other.root for other in others if other)}) == 4
    assert workspace_for({"Cookie": cookie(CLAIMS | {"name": "New name"}).replace("a" * 32, "b" * 32)}) == here


@pytest.mark.parametrize(
    "header",
    [
        cookie(CLAIMS, secret="t" * 40),
        cookie(CLAIMS, name="_streamlit_user_tokens"),
        cookie(CLAIMS)[:-2],
        f"_streamlit_user={json.dumps(CLAIMS)}",
        cookie(CLAIMS | {"origin": "https://other.example"}),
        cookie(CLAIMS | {"is_logged_in": "yes"}),
        cookie(CLAIMS | {"sub": ""}),
        cookie(CLAIMS | {"sub": ["alice"]}),
        cookie({name: value for name, value in CLAIMS.items() if name != "iss"}),
        cookie(["alice"]),
        cookie("chunks-3"),
    ],
)
def test_any_other_cookie_names_nobody(configured: None, header: str) -> None:
    assert signed_in_person(header) is None


def test_without_a_configuration_or_with_a_short_secret_nobody_signs_in(
    configured: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "get_cookie_secret", lambda: "short")
    assert signed_in_person(cookie(CLAIMS, secret="short")) is None
    monkeypatch.setattr(sign_in, "get_cookie_secret", lambda: SECRET)
    monkeypatch.setattr(sign_in, "get_secrets_auth_section", dict)
    assert signed_in_person(cookie(CLAIMS)) is None
