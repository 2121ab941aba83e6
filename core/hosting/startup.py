"""Publishes models that the host names when it starts: a host whose disk was emptied has its links back, under the same ids.

Only the host sets the addresses; nothing that a visitor types or uploads is ever fetched. Each is fetched by HTTPS, redirects
included, up to a size, and then goes through the checks of the model import.
"""

import base64
import hashlib
import os
import re
import ssl
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPMessage
from pathlib import Path
from typing import IO
from urllib.parse import urldefrag

from core import audit
from core.errors import ConfigError, LimitError, StudioError
from core.prediction.bundle.archive import MAX_BYTES
from core.prediction.importing import import_bundle
from core.publishing.publication import MAX_TITLE, PublicTexts, open_link, publish
from core.workspace import Workspace, default_home, write_atomically

WORKSPACE_NAME = "host"
_HUB = "https://huggingface.co"
_HUB_FILE = re.compile(r"([\w.-]+/[\w.-]+)/([\w.-]+\.zip)(#.*)?")
_FINGERPRINT = re.compile(r"sha256=([0-9a-f]{64})")
_TIMEOUT_SECONDS, _MAX_SECONDS = 30.0, 900.0
_CHUNK_BYTES = 1 << 20


def publish_at_start(home: Path, addresses: str) -> list[str]:
    """Publish the models at addresses, separated by spaces or line breaks; returns one line for each, with its link or problem.

    An address is ``https://...``, or ``OWNER/NAME/FILE.zip`` for a file on the Hugging Face hub. ``#sha256=...`` at its end names
    what the zip must be. A link that works already is kept as it is.
    """
    lines = []
    for address in addresses.split():
        identifier = link_id(address)
        try:
            if not _works(home, identifier):
                _publish(Workspace(home / "workspaces" / WORKSPACE_NAME, home), address, identifier)
            lines.append(f"published: /published?model={identifier}")
        except StudioError as error:
            lines.append(f"not published: {urldefrag(address).url[:200]}: {error}")
    return lines


def link_id(address: str) -> str:
    """The id of the link of an address: always the same, in the form of the ids of other links."""
    digest = hashlib.sha256(f"published at start\n{address}".encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _works(home: Path, identifier: str) -> bool:
    try:
        open_link(home, identifier)
    except StudioError:
        return False
    return True


def _publish(workspace: Workspace, address: str, identifier: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.zip"
        download(address, path)
        run = import_bundle(workspace, path)
    publish(run, PublicTexts(run.name[:MAX_TITLE]), identifier)
    audit.record(workspace.home, audit.HOST, "imported", "a model that is published at start")


def download(address: str, path: Path, max_bytes: int = MAX_BYTES) -> None:
    """Write what is at an address to a path.

    Raises:
        ConfigError: the address is not HTTPS, cannot be fetched, or holds something else than its fingerprint says.
        LimitError: it has too many bytes.
        StorageError: the file cannot be written.
    """
    hub = _HUB_FILE.fullmatch(address)
    if hub:
        address = f"{os.environ.get('HF_ENDPOINT', _HUB)}/{hub[1]}/resolve/main/{hub[2]}{hub[3] or ''}"
    url, fragment = urldefrag(address)
    _check_scheme(url)
    expected = _FINGERPRINT.fullmatch(fragment)
    if fragment and not expected:
        raise ConfigError("Expected sha256= and 64 hex digits after the # of the address.", "Correct the address.")
    digest = hashlib.sha256()

    def write(temporary: Path) -> None:
        with temporary.open("xb") as file:
            for chunk in _fetch(url, max_bytes):
                digest.update(chunk)
                file.write(chunk)
        if expected and digest.hexdigest() != expected[1]:
            raise ConfigError("The zip is not the one that its fingerprint names.", "Correct the address.")

    write_atomically(path, write)


def _fetch(url: str, max_bytes: int) -> Iterator[bytes]:
    deadline = time.monotonic() + _MAX_SECONDS
    context = ssl.create_default_context()
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _HttpsOnly())
    try:
        with opener.open(url, timeout=_TIMEOUT_SECONDS) as response:
            while chunk := response.read(_CHUNK_BYTES):
                max_bytes -= len(chunk)
                if max_bytes < 0 or time.monotonic() > deadline:
                    raise LimitError("The zip is too large, or takes too long to arrive.", "Name a smaller one.")
                yield chunk
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise ConfigError(f"The address cannot be fetched: {reason}.", "Check it in a browser.") from error


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows redirects to HTTPS only."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        """The request of the redirect."""
        _check_scheme(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_scheme(url: str) -> None:
    if not url.startswith("https://"):
        raise ConfigError(
            "Expected an address that begins with https://, or OWNER/NAME/FILE.zip on the hub.", "Correct the address."
        )


if __name__ == "__main__":
    # In the environment and not an argument, because an address may have a password in it.
    print("\n".join(publish_at_start(default_home(), os.environ.get("STUDIO_PUBLISHED_MODELS", ""))), flush=True)
