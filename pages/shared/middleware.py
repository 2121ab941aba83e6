"""What the server adds to its answers: a cookie that tells visitors apart, and headers that keep strangers out."""

import secrets
from http.cookies import SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "studio_visitor"
_A_YEAR = 365 * 24 * 3600
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    # Streamlit's own scripts and charts need inline and eval; nothing is ever loaded from, or sent to, another host.
    "Content-Security-Policy": (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws: wss: data: blob:; "
        "frame-ancestors 'self'; object-src 'none'; base-uri 'self'"
    ),
}


class VisitorCookieMiddleware:
    """ASGI middleware: each page's HTML carries the headers, and the first one a random HttpOnly cookie."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as the app does, with headers and cookie added to pages."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Headers(scope=scope)
        known = COOKIE in SimpleCookie(request.get("cookie", ""))
        secure = "; Secure" if request.get("x-forwarded-proto", scope["scheme"]) == "https" else ""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    for name, value in _HEADERS.items():
                        headers[name] = value
                    if not known:
                        key = secrets.token_hex(16)
                        headers.append(
                            "Set-Cookie", f"{COOKIE}={key}; Path=/; Max-Age={_A_YEAR}; HttpOnly; SameSite=Lax{secure}"
                        )
            await send(message)

        await self._app(scope, receive, send_with_headers)
