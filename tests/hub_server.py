"""A server on loopback that speaks as much of the Hugging Face hub as its libraries ask for when they download."""

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
    """Repositories by name ("datasets/owner/name" for data sets), each a mapping from path to contents.

    ``gated`` names repositories that nobody may read; a file in ``broken`` is cut off half-way that many times.
    """

    repositories: Mapping[str, Mapping[str, bytes]]
    gated: set[str] = field(default_factory=set)
    broken: dict[str, int] = field(default_factory=dict)
    address: str = ""
    asked: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)

    def environment(self, cache: object) -> dict[str, str]:
        """Variables that make the hub's libraries come here, with a cache of their own."""
        return {"HF_ENDPOINT": self.address, "HF_HOME": str(cache), "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """Answer on a free port of loopback until the block is left."""

    class Handler(_Handler):
        served = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    served: Hub
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
        self.served.asked.append(f"{self.command} {path}")
        is_api = path.startswith("api/")
        path = path.removeprefix("api/").removeprefix("models/")
        name = next((n for n in self.served.repositories if path == n or path.startswith(f"{n}/")), None)
        rest = path[len(name or "") :].strip("/").split("/")
        file = "/".join(rest[2:])  # resolve, revision, path
        if name is None:
            self._refuse(404, "RepoNotFound")
        elif name in self.served.gated and (not is_api or rest[0] == "auth-check"):
            self._refuse(403, "GatedRepo")
        elif is_api:
            self._describe(name, rest[0])
        elif file not in self.served.repositories[name]:
            self._refuse(404, "EntryNotFound")
        else:
            self._send_file(name, file, body)

    def _describe(self, name: str, what: str) -> None:
        files = self.served.repositories[name]
        entries = [
            {"type": "file", "path": file, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
            for file, data in files.items()
        ]
        about = {
            "_id": "1",
            "id": name.removeprefix("datasets/"),
            "sha": COMMIT,
            "private": False,
            "gated": "manual" if name in self.served.gated else False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "siblings": [{"rfilename": file} for file in files],
        }
        self._send(200, json.dumps(entries if what in ("tree", "paths-info") else about).encode())

    def _send_file(self, name: str, file: str, body: bool) -> None:
        data = self.served.repositories[name][file]
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        asked = _RANGE.match(self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self.served.resumed.append(file)
        if body and self.served.broken.get(file, 0) > 0:
            self.served.broken[file] -= 1
            self._send(206 if start else 200, data[start:], headers, only=max(1, (len(data) - start) // 2))
            self.close_connection = True
            return
        self._send(206 if start else 200, data[start:], headers, only=None if body else 0)

    def _refuse(self, status: int, why: str) -> None:
        self._send(status, b"{}", {"X-Error-Code": why, "X-Error-Message": why})

    def _send(
        self, status: int, data: bytes, headers: Mapping[str, str] | None = None, only: int | None = None
    ) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[:only])
