"""A prepared zip is streamed to the visitor for whom it was prepared, and to nobody else."""

from pathlib import Path

import pytest
import streamlit as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.errors import ModelError
from core.workspace import Workspace
from pages.shared.visitor import COOKIE, workspace_for
from pages.shared.zip_download import download_route, prepare_download


def get(address: str, cookie: str = "") -> tuple[int, bytes]:
    """The status and the body of the answer to a visitor with a cookie."""
    client = TestClient(
        Starlette(routes=[download_route()]),
        base_url="http://localhost",
        headers={"Cookie": f"{COOKIE}={cookie}"} if cookie else {},
    )
    response = client.get(f"/{address}")
    return response.status_code, response.content


def test_a_file_is_sent_to_its_visitor_alone(workspace: Workspace) -> None:
    assert not st.get_option("server.address")
    mine = workspace_for({"Cookie": f"{COOKIE}={'a' * 32}"})
    assert mine is not None
    address, size = prepare_download(mine, "model.zip", lambda path: path.write_bytes(b"zip"))
    assert size == 3
    assert get(address, "a" * 32) == (200, b"zip")
    for other in (get(address, "b" * 32), get(address), get(address.replace("model", "other"), "a" * 32)):
        assert other[0] == 404
        assert b"expired" in other[1]
    token = address.split("/")[1]
    assert get(f"download/{token}/..%2f..%2fx", "a" * 32)[0] == 404
    assert get("download/..%2fruns/model.zip", "a" * 32)[0] == 404


def test_a_zip_that_cannot_be_written_leaves_nothing(empty: Workspace) -> None:
    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise ModelError("The zip was not written.")

    with pytest.raises(ModelError):
        prepare_download(empty, "model.zip", fail)
    assert list((empty.root / "downloads").iterdir()) == []
    address, _ = prepare_download(empty, "model.zip", lambda path: path.write_bytes(b"zip"))
    assert get(address) == (200, b"zip"), "one workspace on a loopback address"
