"""Uploads are bounded for each session, visitor and host, and a wrong limit ends the start with a sentence."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pages.shared.upload_limits import UploadLimitMiddleware
from tests.browser.conftest import ROOT, Server, free_port, start_command, start_server
from tests.streamlit_client import Visitor

MEGABYTE = 1_000_000
LIMITS = {
    "STUDIO_MODE": "shared",
    "STUDIO_MAX_UPLOAD_MB": "5",
    "STUDIO_MAX_SESSION_UPLOADS_MB": "8",
    "STUDIO_MAX_VISITOR_UPLOADS_MB": "12",
    "STUDIO_MAX_HOST_UPLOADS_MB": "18",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A shared host with small limits."""
    running = start_server(tmp_path_factory.mktemp("home"), free_port(), variables=LIMITS)
    yield running
    running.process.kill()
    running.process.wait()


def put(visitor: Visitor, megabytes: float) -> int:
    """The status with which an upload is answered."""
    return visitor.put("texts.csv", bytes(round(megabytes * MEGABYTE)))


def open_data(server: Server, cookie: str = "") -> Visitor:
    visitor = Visitor(server.url, cookie)
    visitor.open("data")
    return visitor


@pytest.mark.slow
def test_uploads_are_bounded_for_each_session_visitor_and_host(server: Server) -> None:
    with open_data(server) as first, open_data(server) as other:
        assert put(first, 7.0) == 413  # a file
        assert [put(first, 3.9) for _ in range(3)] == [204, 204, 413]  # a session
        with open_data(server, first.cookie) as second:
            assert [put(second, 3.9) for _ in range(2)] == [204, 413]  # a visitor
        assert [put(other, 3.9) for _ in range(2)] == [204, 413]  # the host


async def accept(request: Request) -> Response:
    return Response(status_code=204)


def client() -> TestClient:
    """A visitor's client of a small app behind the middleware."""
    routes = [Route("/_stcore/upload_file/{session}/{file}", accept, methods=["PUT"])]
    app = Starlette(routes=routes, middleware=[Middleware(UploadLimitMiddleware)])
    return TestClient(app, headers={"Host": "studio.example"})


def test_a_file_beyond_the_limit_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_MAX_UPLOAD_MB", "1")
    assert client().put("/_stcore/upload_file/a/b", content=bytes(MEGABYTE)).status_code == 204
    answer = client().put("/_stcore/upload_file/a/b", content=bytes(3 * MEGABYTE))
    assert answer.status_code == 413
    assert answer.text == "The limit for a file is 1 MB. Remove files from the page, or close other tabs.\n"


def test_an_upload_without_a_length_is_refused() -> None:
    answer = client().put("/_stcore/upload_file/a/b", content=iter([b"text,label\n"]))
    assert answer.status_code == 411


@pytest.mark.slow
def test_a_wrong_limit_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    command = start_command(free_port())
    environment = os.environ | {"STUDIO_HOME": str(tmp_path), "STUDIO_MAX_ROWS": "many"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode != 0
    assert (
        "error: Expected 0 for no limit, or a positive whole number in STUDIO_MAX_ROWS, found 'many'." in ended.stderr
    )
    assert "Traceback" not in ended.stderr + ended.stdout
