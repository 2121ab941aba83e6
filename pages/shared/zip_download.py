"""A route that streams a file of a visitor's workspace from disk. What a download button offers is held in memory."""

import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.workspace import Workspace, find_child
from pages.shared.visitor import COOKIE, workspace_for

_PATH = "download"
_FOLDER = "downloads"
_KEPT_SECONDS = 3_600


def is_streamed() -> bool:
    """Whether the server has the route: the plain script has no routes, and no middleware that sets the cookie."""
    return COOKIE in st.context.cookies


def prepare_download(workspace: Workspace, file_name: str, write: Callable[[Path], object]) -> tuple[str, int]:
    """The address of a new file, relative to a page, and its size in bytes; ``write`` writes the file to a path.

    The address cannot be guessed and works for its visitor alone. The files of the last hour are kept.
    """
    downloads = workspace.root / _FOLDER
    _delete_old(downloads)
    token = secrets.token_hex(16)
    folder = downloads / token
    folder.mkdir(parents=True, mode=0o700)
    try:
        write(folder / file_name)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return f"{_PATH}/{token}/{file_name}", (folder / file_name).stat().st_size


def download_route() -> Route:
    """The route that sends a prepared file to the visitor for whom it was prepared."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return Route(f"/{base}/{_PATH}/{{token}}/{{file_name}}".replace("//", "/"), _send_file, methods=["GET"])


def _send_file(request: Request) -> Response:
    workspace = workspace_for(request.headers)
    folder = find_child(workspace.root / _FOLDER, request.path_params["token"]) if workspace else None
    name = request.path_params["file_name"]
    if folder is None or name not in {path.name for path in folder.iterdir()}:
        return PlainTextResponse("This download has expired. Prepare the zip again.", status_code=404)
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return FileResponse(folder / name, media_type="application/zip", filename=name, headers=headers)


def _delete_old(downloads: Path) -> None:
    for folder in downloads.iterdir() if downloads.exists() else ():
        if time.time() - folder.stat().st_mtime > _KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
