"""A route that writes everything of the visitor's workspace into a zip while it is sent: never in memory, no copy on disk."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from core.workspace import Workspace
from pages.shared.visitor import workspace_for

PATH, FILE_NAME = "takeout", "finetune-studio.zip"
_CHUNK_BYTES = 1 << 18
# The workspaces that are being sent: one zip at a time each.
_active: set[Path] = set()
_lock = threading.Lock()


def takeout_route() -> Route:
    """The route that sends the zip to the visitor whose workspace it is."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return Route(f"/{base}/{PATH}".replace("//", "/"), _send, methods=["GET"])


def _send(request: Request) -> Response:
    workspace = workspace_for(request.headers)
    # Another site may link here, but not start the work in the name of a visitor.
    if workspace is None or not workspace.root.is_dir() or request.headers.get("sec-fetch-site") == "cross-site":
        return PlainTextResponse("There is nothing to take along.", status_code=404)
    with _lock:
        if workspace.root in _active:
            return PlainTextResponse("Your zip is being sent already. Wait until it has arrived.", status_code=429)
        _active.add(workspace.root)
    headers = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'attachment; filename="{FILE_NAME}"',
    }
    return StreamingResponse(_stream(workspace), media_type="application/zip", headers=headers)


def _stream(workspace: Workspace) -> Iterator[bytes]:
    """The zip in chunks. A thread writes it into a pipe; when nobody reads any more, the pipe closes and the thread ends."""
    source_number, target_number = os.pipe()
    source, target = os.fdopen(source_number, "rb"), os.fdopen(target_number, "wb")
    failures: list[Exception] = []
    threading.Thread(target=_write, args=(workspace, target, failures), daemon=True).start()

    def chunks() -> Iterator[bytes]:
        with source:
            while chunk := source.read1(_CHUNK_BYTES):
                yield chunk
        if failures:  # the connection breaks, so that the browser does not take the zip for complete
            raise failures[0]

    return chunks()


def _write(workspace: Workspace, target: IO[bytes], failures: list[Exception]) -> None:
    from core import audit  # these bring pandas, and the server should start fast
    from core.hosting.takeout import write_takeout

    try:
        with target:
            write_takeout(workspace, target)
        visitor = audit.pseudonym(workspace.root.name)
        audit.record(workspace.home, visitor, "taken along", visitor)
    except BrokenPipeError:
        pass
    except Exception as error:  # noqa: BLE001 -- raised again where the chunks are read
        failures.append(error)
    finally:
        with _lock:
            _active.discard(workspace.root)
