"""The admin page: not there without a secret, closed without typing it, and without names or texts of visitors."""

import re
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from core import audit
from core.errors import RunError
from core.publishing.publication import PublicTexts, open_link, publish
from core.runs import Run
from core.workspace import Workspace, workspace_of
from pages.shared import admin_access
from tests.finished import finished
from tests.pages.app import click, find, page_text, visit

SECRET = "a secret of more than 16 characters"
MARKER = "ZQX marker of a visitor"


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The host has a secret, and nobody has typed a wrong one yet."""
    monkeypatch.setenv(admin_access.VARIABLE, SECRET)
    admin_access.attempts.cache_clear()
    yield
    admin_access.attempts.cache_clear()


@pytest.fixture
def visitor_run(empty: Workspace) -> Run:
    """A finished run of a visitor, with marked names."""
    return finished(workspace_of("visitor-" + "b" * 32), "binary", MARKER)


def sign_in(typed: str) -> AppTest:
    """The admin page after typing a secret."""
    at = visit("admin")
    find(at.text_input, "Secret").set_value(typed)
    click(at, "Sign in")
    return at


@pytest.mark.parametrize("value", ["", "too short"])
def test_without_a_secret_there_is_no_such_page(empty: Workspace, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv(admin_access.VARIABLE, value)
    with pytest.raises(ValueError, match="Could not find a navigation page"):
        visit("admin")


def test_a_wrong_secret_shows_nothing_and_is_counted(secret: None, visitor_run: Run) -> None:
    for _ in range(5):
        at = sign_in("a guess")
        assert at.error[0].value.startswith("This is not the secret")
        assert len(at.metric) == 0
    at = sign_in(SECRET)
    assert at.error[0].value.startswith("There were too many wrong attempts")
    assert len(at.metric) == 0
    actions = [entry.action for entry in audit.latest_entries(visitor_run.folder.parents[3], 10)]
    assert actions == ["refused"] * 5


def test_the_admin_sees_pseudonyms_and_numbers_but_no_names(secret: None, visitor_run: Run) -> None:
    at = sign_in(SECRET)
    assert find(at.metric, "Visitors").value == "1"
    shown = page_text(at) + "".join(frame.value.to_csv() for frame in at.dataframe) + str(at.main)
    assert "visitor bbbbbbbb" in shown
    for hidden in (MARKER, visitor_run.id, "Made up", "about thing", "b" * 32):
        assert hidden not in shown
    click(at, "Sign out")
    assert len(at.metric) == 0


def test_the_admin_ends_a_link_and_deletes_a_workspace(secret: None, visitor_run: Run) -> None:
    home = visitor_run.folder.parents[3]
    published = publish(visitor_run, PublicTexts("A public title"))
    at = sign_in(SECRET)
    click(at, "End the link now")
    with pytest.raises(RunError, match="no longer published"):
        open_link(home, published.id)
    click(at, "Delete the workspace permanently")
    assert not visitor_run.folder.exists()
    assert find(at.metric, "Visitors").value == "0"
    entries = audit.latest_entries(home, 3)
    assert [(entry.actor, entry.action) for entry in entries] == [
        (audit.ADMIN, "deleted"),
        (audit.ADMIN, "unpublished"),
        ("local", "signed in"),
    ]
    assert not re.search(MARKER, str(entries))
