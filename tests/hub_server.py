"""A local server with the routes of the Hugging Face hub that its libraries use to download and upload files."""

import base64
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
_LARGE_FILES = (".safetensors", ".onnx")
_RANGE = re.compile(r"bytes=(\d+)-")


@dataclass
class Hub:
    """Repositories by name ("datasets/owner/name" for datasets), each a mapping from path to contents.

    ``gated`` names repositories without access. ``interruptions`` counts for a file how many of its downloads are cut off
    halfway; those for "lfs" cut off uploads. ``accounts`` maps a token to the name under which it may write. The server
    records ``requests``, the files whose download was ``resumed``, and the repositories that were ``pushed`` and are ``private``.
    """

    repositories: Mapping[str, Mapping[str, bytes]]
    gated: set[str] = field(default_factory=set)
    interruptions: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    pushed: dict[str, dict[str, bytes]] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    large_files: dict[str, bytes] = field(default_factory=dict)
    address: str = ""
    requests: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)

    def files_of(self, path: str) -> tuple[str | None, Mapping[str, bytes]]:
        """The name of the repository that a path begins with, and its files."""
        repositories = {**self.repositories, **self.pushed}
        name = next((n for n in repositories if path == n or path.startswith(f"{n}/")), None)
        return name, repositories.get(name or "", {})

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
        body = self._read_body()
        path = unquote(urlsplit(self.path).path).strip("/")
        if path == "api/validate-yaml":
            self._send(200, b'{"errors": [], "warnings": []}')
        elif path == "api/repos/create":
            self._create(json.loads(body))
        elif path.endswith(".git/info/lfs/objects/batch"):
            self._offer_uploads(json.loads(body))
        elif "/preupload/" in path:
            self._choose_uploads(json.loads(body))
        elif "/commit/" in path:
            self._commit(path.removeprefix("api/models/").split("/commit/")[0], body)
        else:
            self._answer(body=True)

    def do_PUT(self) -> None:
        if self.hub.interruptions.get("lfs", 0) > 0:
            self.hub.interruptions["lfs"] -= 1
            self._refuse(500, "Interrupted")
            self.close_connection = True
            return
        self.hub.large_files[self.path.rpartition("/")[2]] = self._read_body()
        self._send(200, b"{}")

    def _read_body(self) -> bytes:
        """The body of a request, also one that is sent in chunks."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _account(self) -> str | None:
        return self.hub.accounts.get(self.headers.get("Authorization", "").removeprefix("Bearer "))

    def _create(self, request: dict[str, Any]) -> None:
        name = f"{request['organization']}/{request['name']}"
        self.hub.requests.append(f"CREATE {name}")
        if self._account() is None:
            self._refuse(401, "Unauthorized")
        elif self._account() != request["organization"]:
            self._refuse(403, "Forbidden")
        elif self.hub.files_of(name)[0]:
            self._refuse(409, "Exists")
        else:
            self.hub.pushed[name] = {".gitattributes": b""}
            if request.get("visibility") == "private" or request.get("private"):
                self.hub.private.add(name)
            self._send(200, json.dumps({"url": f"{self.hub.address}/{name}"}).encode())

    def _choose_uploads(self, request: dict[str, Any]) -> None:
        files = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(_LARGE_FILES) else "regular",
                "shouldIgnore": False,
            }
            for file in request["files"]
        ]
        self._send(200, json.dumps({"files": files}).encode())

    def _offer_uploads(self, request: dict[str, Any]) -> None:
        objects = [
            file | {"actions": {"upload": {"href": f"{self.hub.address}/lfs/{file['oid']}"}}}
            for file in request["objects"]
        ]
        self._send(200, json.dumps({"transfer": "basic", "objects": objects}).encode())

    def _commit(self, name: str, body: bytes) -> None:
        for line in filter(None, body.split(b"\n")):
            record = json.loads(line)
            value = record["value"]
            if record["key"] == "file":
                self.hub.pushed[name][value["path"]] = base64.b64decode(value["content"])
            elif record["key"] == "lfsFile":
                self.hub.pushed[name][value["path"]] = self.hub.large_files[value["oid"]]
        answer = {"success": True, "commitOid": COMMIT, "commitUrl": f"{self.hub.address}/{name}/commit/{COMMIT}"}
        self._send(200, json.dumps(answer).encode())

    def _answer(self, body: bool) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        self.hub.requests.append(f"{self.command} {path}")
        is_api = path.startswith("api/")
        path = path.removeprefix("api/").removeprefix("models/")
        name, files = self.hub.files_of(path)
        parts = path[len(name or "") :].strip("/").split("/")
        file = "/".join(parts[2:])  # parts: resolve, revision, path
        if name is None:
            self._refuse(404, "RepoNotFound")
        elif name in self.hub.private and self._account() != name.split("/")[0]:
            self._refuse(401, "RepoNotFound")
        elif name in self.hub.gated and (not is_api or parts[0] == "auth-check"):
            self._refuse(403, "GatedRepo")
        elif is_api:
            self._send_info(name, parts[0])
        elif file not in files:
            self._refuse(404, "EntryNotFound")
        else:
            self._send_file(name, file, body)

    def _send_info(self, name: str, route: str) -> None:
        files = self.hub.files_of(name)[1]
        entries = [
            {"type": "file", "path": file, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
            for file, data in files.items()
        ]
        info = {
            "_id": "1",
            "id": name.removeprefix("datasets/"),
            "sha": COMMIT,
            "private": name in self.hub.private,
            "gated": "manual" if name in self.hub.gated else False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "siblings": [{"rfilename": file} for file in files],
        }
        self._send(200, json.dumps(entries if route in ("tree", "paths-info") else info).encode())

    def _send_file(self, name: str, file: str, body: bool) -> None:
        data = self.hub.files_of(name)[1][file]
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
