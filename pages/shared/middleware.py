"""ASGI middleware that adds a visitor cookie and security headers, and closes what Streamlit leaves open to everyone."""

import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.shared.visitor import COOKIE, has_visitor_cookie, is_local_request, visitor_key

_ONE_YEAR = 365 * 24 * 3600
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
}
# Streamlit's scripts and charts need 'unsafe-inline' and 'unsafe-eval'. Other hosts are never contacted.
_PAGE_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws: wss: data: blob:; "
    "frame-ancestors 'self'; object-src 'none'; base-uri 'self'"
)
_MEDIA = "/media/"
_METRICS = "/_stcore/metrics"


class VisitorCookieMiddleware:
    """ASGI middleware for all HTTP responses: security headers, and a random HttpOnly cookie with a visitor's first page.

    Files that pages offer (``/media/``) are sent to visitors with a cookie only and never kept by a browser or a proxy. The
    metrics of the server are for this machine only.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request as the app does, with headers and cookie added."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Headers(scope=scope)
        cookies = request.get("cookie", "")
        if _is_refused(scope["path"], request, cookies):
            await PlainTextResponse("Not found", status_code=404)(scope, receive, send)
            return
        secure = "; Secure" if request.get("x-forwarded-proto", scope["scheme"]) == "https" else ""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                if _MEDIA in scope["path"]:
                    headers["Cache-Control"] = "no-store"
                if headers.get("content-type", "").startswith("text/html"):
                    headers["Content-Security-Policy"] = _PAGE_POLICY
                    if not has_visitor_cookie(cookies):
                        key = secrets.token_hex(16)
                        headers.append(
                            "Set-Cookie", f"{COOKIE}={key}; Path=/; Max-Age={_ONE_YEAR}; HttpOnly; SameSite=Lax{secure}"
                        )
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _is_refused(path: str, request: Headers, cookies: str) -> bool:
    local = is_local_request(request)
    if path.rstrip("/").endswith(_METRICS):
        return not local
    return _MEDIA in path and not local and visitor_key(cookies) is None
