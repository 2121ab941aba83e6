"""A real nginx in front of a real server. Slow tests; ``make isolation`` runs them."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.data.columns import ColumnChoice
from core.data.dataset import save_dataset
from core.data.reading.files import read_bytes
from core.data.splitting import SplitConfig
from core.workspace import workspace_of
from tests.browser.conftest import Server, browser, free_port, page, start_server
from tests.streamlit_client import request

__all__ = ["browser", "page"]

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
OWNER_MARKER = "marker-of-the-owner-7f3a"
# How proxies announce the visitor, and whether the host must be told in words that it is shared.
ANNOUNCEMENTS = {
    "x-forwarded-for": ("proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header Host $host;", False),
    "x-forwarded-proto": ("proxy_set_header X-Forwarded-Proto $scheme;", False),
    "forwarded": ('proxy_set_header Forwarded "for=$remote_addr;proto=http";', False),
    "x-real-ip": ("proxy_set_header X-Real-IP $remote_addr;", False),
    "via": ('proxy_set_header Via "1.1 studio";', False),
    "cf-connecting-ip": ("proxy_set_header CF-Connecting-IP $remote_addr;", False),
    "public host name": ("proxy_set_header Host studio.example.org;", False),
    "nothing, shared mode": ("", True),
}
_CONFIG = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; client_max_body_size 300m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{behind}; proxy_http_version 1.1; proxy_read_timeout 300s;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; proxy_set_header Origin "";
      {announcement}
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Proxied:
    """The address of the proxy, and the server behind it, which listens on a loopback address."""

    url: str
    server: Server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


def owners_home(folder: Path) -> Path:
    """A home in which the owner of the machine has a dataset with a text that nobody else may see."""
    home = folder / "home"
    rows = "\n".join(f"{OWNER_MARKER} text {i},{'ab'[i % 2]}" for i in range(40))
    save_dataset(
        workspace_of("local", home),
        read_bytes(f"text,label\n{rows}".encode(), "owner.csv"),
        ColumnChoice("text", "label", "binary"),
        SplitConfig(),
        OWNER_MARKER,
    )
    return home


@contextmanager
def proxy(server: Server, folder: Path, announcement: str) -> Iterator[Proxied]:
    """Nginx before a server. Skips the test where there is no nginx."""
    if NGINX is None:
        pytest.skip("nginx is not installed (on Debian: apt-get install nginx).")
    port = free_port()
    config = folder / "nginx.conf"
    behind = server.url.rpartition(":")[2]
    config.write_text(_CONFIG.format(folder=folder, port=port, behind=behind, announcement=announcement))
    process = subprocess.Popen([NGINX, "-c", str(config), "-p", str(folder)], stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(50):
            try:
                request(url, "GET", "/_stcore/health", {})
                break
            except OSError:
                time.sleep(0.1)
        yield Proxied(url, server)
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module", params=list(ANNOUNCEMENTS))
def proxied(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """A server behind nginx, once for each way in which a proxy shows or hides itself."""
    announcement, shared = ANNOUNCEMENTS[request.param]
    folder = tmp_path_factory.mktemp("proxy")
    server = start_server(owners_home(folder), free_port(), variables={"STUDIO_MODE": "shared"} if shared else {})
    try:
        with proxy(server, folder, announcement) as running:
            yield running
    finally:
        server.process.kill()
        server.process.wait()


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a loopback address, without a proxy."""
    server = start_server(owners_home(tmp_path_factory.mktemp("direct")), free_port())
    yield server
    server.process.kill()
    server.process.wait()
