"""Your data: what is stored, the limits of the host, the zip of everything, and the deletion of everything."""

import io
import zipfile

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core import audit
from core.publishing.publication import PublicTexts, publish
from core.workspace import Workspace, workspace_of
from pages.shared.takeout_route import takeout_route
from pages.shared.visitor import COOKIE, workspace_for
from tests.finished import finished
from tests.pages.app import click, page_text, visit


def test_the_page_says_what_is_stored_and_what_the_host_allows(
    empty: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(finished(empty, "binary"), PublicTexts("A title"))
    monkeypatch.setenv("STUDIO_MAX_UPLOAD_MB", "123")
    monkeypatch.setenv("STUDIO_MAX_VISITOR_DISK_MB", "50")
    text = page_text(visit("workspace"))
    assert "This workspace holds 1 dataset, 1 run and 0." in text
    assert "Uploads up to 123 MB" in text
    assert "Your workspace may use 50 MB of disk." in text
    assert "1 published link ends at once." in text


def test_everything_is_deleted_only_after_the_confirmation(empty: Workspace) -> None:
    other = workspace_of("visitor-" + "b" * 32)
    finished(other, "binary")
    finished(empty, "binary")
    at = visit("workspace")
    assert empty.root.exists()
    click(at, "Delete everything permanently")
    assert not empty.root.exists()
    assert other.runs.is_dir()
    assert "Deleted: 1 dataset, 1 run and" in at.success[0].value
    assert "Nothing is stored yet." in page_text(at)
    assert [entry.action for entry in audit.latest_entries(empty.home, 5)] == ["deleted"]


def get(cookie: str = "", **headers: str) -> tuple[int, bytes, str]:
    """The status, the body and the Cache-Control header of the answer to a visitor with a cookie."""
    client = TestClient(Starlette(routes=[takeout_route()]), base_url="http://localhost")
    response = client.get("/takeout", headers=headers | ({"Cookie": f"{COOKIE}={cookie}"} if cookie else {}))
    return response.status_code, response.content, response.headers.get("cache-control", "")


def test_the_zip_is_sent_to_its_visitor_alone(workspace: Workspace) -> None:
    assert not st.get_option("server.address")
    for key in ("a", "b"):
        mine = workspace_for({"Cookie": f"{COOKIE}={key * 32}"})
        assert mine is not None
        mine.root.mkdir(parents=True)
        mine.corrections.write_text(f"marker of {key}")
    status, body, kept = get("a" * 32)
    assert (status, kept) == (200, "no-store")
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert archive.read("corrections.jsonl") == b"marker of a"
    assert b"marker of b" not in body
    assert get("c" * 32)[0] == get()[0] == 404
    assert get("a" * 32, **{"Sec-Fetch-Site": "cross-site"})[0] == 404
    assert get("a" * 32)[0] == 200, "one after the other"
    assert [entry.action for entry in audit.latest_entries(workspace.home, 5)] == ["taken along", "taken along"]
