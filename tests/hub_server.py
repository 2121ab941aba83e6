"""A local server with the routes of the Hugging Face hub that its libraries use to download files."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_RANGE = re.compile(r"bytes=(\d+)-")


@dataclass
class Hub:
    """Repositories by name ("datasets/owner/name" for datasets), each a mapping from path to contents.

    ``gated`` names repositories without access. ``interruptions`` counts for a file how many of its downloads are cut off
    halfway. The server records ``requests`` and the names of files whose download was ``resumed``.
    """

    repositories: Mapping[str, Mapping[str, bytes]]
    gated: set[str] = field(default_factory=set)
    interruptions: dict[str, int] = field(default_factory=dict)
    address: str = ""
    requests: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)

    def environment(self, cache: object) -> dict[str, str]:
        """The environment variables that direct the libraries of the hub to this server and to a cache folder."""
        return {"HF_ENDPOINT": self.address, "HF_HOME": str(cache), "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """Serve the hub on a free local port until the block ends."""
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        self.hub.requests.append(f"{self.command} {path}")
        is_api = path.startswith("api/")
        path = path.removeprefix("api/").removeprefix("models/")
        name = next((n for n in self.hub.repositories if path == n or path.startswith(f"{n}/")), None)
        parts = path[len(name or "") :].strip("/").split("/")
        file = "/".join(parts[2:])  # parts: resolve, revision, path
        if name is None:
            self._refuse(404, "RepoNotFound")
        elif name in self.hub.gated and (not is_api or parts[0] == "auth-check"):
            self._refuse(403, "GatedRepo")
        elif is_api:
            self._send_info(name, parts[0])
        elif file not in self.hub.repositories[name]:
            self._refuse(404, "EntryNotFound")
        else:
            self._send_file(name, file, body)

    def _send_info(self, name: str, route: str) -> None:
        files = self.hub.repositories[name]
        entries = [
            {"type": "file", "path": file, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
            for file, data in files.items()
        ]
        info = {
            "_id": "1",
            "id": name.removeprefix("datasets/"),
            "sha": COMMIT,
            "private": False,
            "gated": "manual" if name in self.hub.gated else False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "siblings": [{"rfilename": file} for file in files],
        }
        self._send(200, json.dumps(entries if route in ("tree", "paths-info") else info).encode())

    def _send_file(self, name: str, file: str, body: bool) -> None:
        data = self.hub.repositories[name][file]
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        requested = _RANGE.match(self.headers.get("Range", ""))
        start = int(requested[1]) if requested else 0
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self.hub.resumed.append(file)
        if body and self.hub.interruptions.get(file, 0) > 0:
            self.hub.interruptions[file] -= 1
            self._send(206 if start else 200, data[start:], headers, length=max(1, (len(data) - start) // 2))
            self.close_connection = True
            return
        self._send(206 if start else 200, data[start:], headers, length=None if body else 0)

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b"{}", {"X-Error-Code": code, "X-Error-Message": code})

    def _send(
        self, status: int, data: bytes, headers: Mapping[str, str] | None = None, length: int | None = None
    ) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[:length])
