"""ASGI middleware that adds a visitor cookie and security headers to the app's pages."""

import secrets
from http.cookies import SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "studio_visitor"
_ONE_YEAR = 365 * 24 * 3600
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    # Streamlit's scripts and charts need 'unsafe-inline' and 'unsafe-eval'. Other hosts are never contacted.
    "Content-Security-Policy": (
        "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws: wss: data: blob:; "
        "frame-ancestors 'self'; object-src 'none'; base-uri 'self'"
    ),
}


class VisitorCookieMiddleware:
    """ASGI middleware: adds security headers to every HTML response, and a random HttpOnly cookie to a visitor's first one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request as the app does, with headers and cookie added to HTML responses."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Headers(scope=scope)
        has_cookie = COOKIE in SimpleCookie(request.get("cookie", ""))
        secure = "; Secure" if request.get("x-forwarded-proto", scope["scheme"]) == "https" else ""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    for name, value in _HEADERS.items():
                        headers[name] = value
                    if not has_cookie:
                        key = secrets.token_hex(16)
                        headers.append(
                            "Set-Cookie", f"{COOKIE}={key}; Path=/; Max-Age={_ONE_YEAR}; HttpOnly; SameSite=Lax{secure}"
                        )
            await send(message)

        await self._app(scope, receive, send_with_headers)
