"""The HTML page that opens the app carries the styles and loads the code of the elements at once."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pages.shared.index_page import ELEMENTS, IndexPageMiddleware, element_files, index_page


def respond(request: Request) -> Response:
    if request.url.path == "/missing":
        return HTMLResponse("<p>missing</p>", status_code=404)
    if request.url.path == "/_stcore/health":
        return JSONResponse({"status": "ok"})
    return HTMLResponse("<p>Streamlit's own page</p>" + "x" * 2_000, headers={"ETag": '"1"'})


@pytest.fixture
def client() -> TestClient:
    routes = [Route("/{path:path}", respond)]
    return TestClient(
        Starlette(routes=routes, middleware=[Middleware(IndexPageMiddleware), Middleware(GZipMiddleware)])
    )


def test_each_element_has_a_file() -> None:
    names = [name.split(".")[0] for name in element_files()]
    assert set(names) == set(ELEMENTS)


@pytest.mark.parametrize("path", ["/", "/data", "/app/train"])
def test_pages_carry_styles_and_imports(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.content == index_page(wide=True)
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "etag" not in answer.headers
    assert answer.text.count("</body>") == 1
    assert "st-key-preset" in answer.text
    assert f'import("./static/js/{element_files()[0]}")' in answer.text


@pytest.mark.parametrize("path", ["/published", "/app/published/"])
def test_a_published_model_is_narrow_and_has_no_sidebar(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.content == index_page(wide=False)
    assert "padding-left: 300px" not in answer.text
    assert "padding-left: 300px" in client.get("/data").text


def test_other_answers_are_not_changed(client: TestClient) -> None:
    assert client.get("/_stcore/health").json() == {"status": "ok"}
    missing = client.get("/missing")
    assert (missing.status_code, missing.text) == (404, "<p>missing</p>")
    assert client.head("/data").status_code == 200
