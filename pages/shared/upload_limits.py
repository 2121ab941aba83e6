"""ASGI middleware that bounds the uploads which Streamlit keeps in memory: of each session, of each visitor, and of all."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from core.limits import HostLimits, host_limits
from pages.shared.visitor import is_local_request, workspace_for

_UPLOAD = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+/?$")
_MEGABYTE = 1_000_000
# An upload is a little larger than its file: it also has the file's name, and lines between the parts.
_FRAME_BYTES = 1_000_000


@dataclass
class _Uploads:
    """The visitor of each session, and the bytes of uploads that are on their way."""

    visitors: dict[str, str] = field(default_factory=dict)
    arriving: dict[str, int] = field(default_factory=dict)

    def problem(self, session: str, visitor: str, size: int, limits: HostLimits) -> str:
        """Why an upload is refused, as a sentence; empty if it is not."""
        kept = {name: sum(len(file.data) for file in files.values()) for name, files in _stored().items()}
        held = {name: kept.get(name, 0) + self.arriving.get(name, 0) for name in kept.keys() | self.arriving.keys()}
        self.visitors = {name: who for name, who in self.visitors.items() if name in held}
        mine = sum(bytes_ for name, bytes_ in held.items() if self.visitors.get(name) == visitor)
        for used, limit, where in (
            (0, limits.upload_mb, "a file"),
            (held.get(session, 0), limits.session_uploads_mb, "the uploads of a browser tab"),
            (mine, limits.visitor_uploads_mb, "the uploads of a visitor"),
            (sum(held.values()), limits.host_uploads_mb, "all uploads of this host"),
        ):
            if used + size > limit * _MEGABYTE + _FRAME_BYTES:
                return f"The limit for {where} is {limit:,} MB. Remove files from the page, or close other tabs.\n"
        return ""


class UploadLimitMiddleware:
    """Refuses an upload (413) that would exceed what :class:`core.limits.HostLimits` allows, before its bytes are read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._uploads = app, _Uploads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on unless it is an upload beyond a limit."""
        match = _UPLOAD.search(scope["path"]) if scope["type"] == "http" and scope["method"] == "PUT" else None
        if match is None:
            await self._app(scope, receive, send)
            return
        headers, session = Headers(scope=scope), match[1]
        length = headers.get("content-length", "")
        if not re.fullmatch(r"\d{1,15}", length, re.ASCII):
            await PlainTextResponse("The length of an upload is needed.\n", 411)(scope, receive, send)
            return
        limits, size, visitor = host_limits(shared=not is_local_request(headers)), int(length), _visitor(headers)
        if problem := self._uploads.problem(session, visitor, size, limits):
            await PlainTextResponse(problem, 413)(scope, receive, send)
            return
        arriving = self._uploads.arriving
        self._uploads.visitors[session] = visitor
        arriving[session] = arriving.get(session, 0) + size
        try:
            await self._app(scope, receive, send)
        finally:
            arriving[session] -= size
            if not arriving[session]:
                del arriving[session]


def _visitor(headers: Mapping[str, str]) -> str:
    workspace = workspace_for(headers)
    return workspace.root.name if workspace else ""


def _stored() -> Mapping[str, Mapping[str, UploadedFileRec]]:
    """The uploads that Streamlit keeps, by session."""
    if not st.runtime.exists():
        return {}
    storage: Mapping[str, Mapping[str, UploadedFileRec]] = st.runtime.get_instance().uploaded_file_mgr.file_storage  # type: ignore[attr-defined]
    return {session: dict(files) for session, files in list(storage.items())}
