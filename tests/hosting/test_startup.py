"""Models are published at start: over HTTPS only, within a size, with the fingerprint that was pinned, under a stable link."""

import hashlib
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from core import audit
from core.errors import ConfigError, LimitError
from core.hosting.startup import download, link_id, publish_at_start
from core.prediction.export import write_zip
from core.publishing.publication import open_link
from core.reports.markdown import render_markdown
from core.runs import Run

FILES: dict[str, bytes] = {"/small.zip": b"a zip", "/OWNER/NAME/resolve/main/model.zip": b"from the hub"}
REDIRECTS = {"/moved": "/small.zip", "/http": "http://127.0.0.1:1/x", "/file": "file:///etc/hostname"}


class Handler(BaseHTTPRequestHandler):
    """Answers with a file or a redirect."""

    def do_GET(self) -> None:
        if self.path in REDIRECTS:
            self.send_response(302)
            self.send_header("Location", REDIRECTS[self.path])
            self.end_headers()
            return
        self.send_response(200 if self.path in FILES else 404)
        self.end_headers()
        self.wfile.write(FILES.get(self.path, b""))

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""


@pytest.fixture
def https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server with a certificate that this process trusts."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *name]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HTTPServer(("localhost", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_file_is_fetched_by_https_with_redirects_and_fingerprint(
    https: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fingerprint = hashlib.sha256(b"a zip").hexdigest()
    for name in ("/small.zip", "/moved", f"/small.zip#sha256={fingerprint}"):
        download(https + name, tmp_path / "fetched")
        assert (tmp_path / "fetched").read_bytes() == b"a zip"
    monkeypatch.setenv("HF_ENDPOINT", https)
    download("OWNER/NAME/model.zip", tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == b"from the hub"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/http", "begins with https"),
        ("/file", "is not allowed"),
        ("/missing", "cannot be fetched"),
        ("/small.zip#sha256=" + "0" * 64, "not the one that its fingerprint names"),
        ("/small.zip#md5=1", "64 hex digits"),
    ],
)
def test_anything_else_is_refused_and_leaves_nothing(https: str, tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=message):
        download(https + name, tmp_path / "empty" / "fetched")
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize(
    "address", ["http://localhost/x.zip", "file:///etc/passwd", "ftp://x/y.zip", "../x.zip", "a/b"]
)
def test_only_https_and_the_hub_are_addresses(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigError, match="begins with https"):
        download(address, tmp_path / "fetched")


def test_a_certificate_that_is_not_trusted_and_a_large_file_are_refused(
    https: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LimitError, match="too large"):
        download(f"{https}/small.zip", tmp_path / "fetched", max_bytes=4)
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(ConfigError, match="cannot be fetched"):
        download(f"{https}/small.zip", tmp_path / "fetched")
    assert not (tmp_path / "fetched").exists()


def test_a_zip_that_is_no_model_is_a_line_and_leaves_no_run(https: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (line,) = publish_at_start(home, f"{https}/small.zip")
    assert line.startswith(f"not published: {https}/small.zip: The zip was not imported")
    assert not list(home.glob("workspaces/host/runs/*"))


@pytest.mark.slow
def test_a_model_is_published_once_and_under_the_same_link(https: str, clinic: Run, tmp_path: Path) -> None:
    with (tmp_path / "model.zip").open("wb") as file:
        write_zip(clinic, file, render_markdown, with_onnx=False)
    FILES["/model.zip"] = (tmp_path / "model.zip").read_bytes()
    address, home = f"{https}/model.zip", tmp_path / "home"
    assert publish_at_start(home, address) == [f"published: /published?model={link_id(address)}"]
    run, publication = open_link(home, link_id(address))
    assert (run.name, publication.texts.title) == (clinic.name, clinic.name)
    del FILES["/model.zip"]
    assert publish_at_start(home, address) == [f"published: /published?model={link_id(address)}"]
    assert [entry.action for entry in audit.latest_entries(home, 5)] == ["imported"]
