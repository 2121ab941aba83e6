"""The HTML page that opens the app: Streamlit's own, with our styles and with the parts that every page draws.

Streamlit sends styles with the first run of a script and fetches the code of each widget when it is first drawn. Until then the
page stands without a sidebar and widgets are gray bars of another height, so that everything below them jumps.
"""

from functools import cache
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.shared.navigation import PUBLISHED_PATH

_STATIC = Path(st.__file__).parent / "static"
_STYLE = Path(__file__).parents[1] / "assets" / "style.css"
# Streamlit's name for the code of each element that the pages draw.
ELEMENTS = (
    "PageLink",
    "Html",
    "Button",
    "ButtonGroup",
    "Metric",
    "Selectbox",
    "Multiselect",
    "TextInput",
    "TextArea",
    "NumberInput",
    "Radio",
    "Slider",
    "Checkbox",
    "FileUploader",
    "DataFrame",
    "ArrowVegaLiteChart",
    "loadVegaEmbed",
)
# The wide layout with Streamlit's sidebar, both of which come after the first elements. Narrow screens have no sidebar at first.
_LAYOUT = """
@media (min-width: 768px) {
  [data-testid="stMainBlockContainer"] { max-width: none; padding-inline: 5rem; }
  [data-testid="stAppViewContainer"]:not(:has([data-testid="stSidebar"])) { box-sizing: border-box; padding-left: 300px; }
}
"""


class IndexPageMiddleware:
    """ASGI middleware that answers with ``index_page`` where Streamlit answers with its own page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request as the app does, but for the content of HTML pages."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        replaced = False

        async def send_page(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                replaced = message["status"] == 200 and headers.get("content-type", "").startswith("text/html")
                if replaced:
                    page = index_page(wide=not scope["path"].rstrip("/").endswith(f"/{PUBLISHED_PATH}"))
                    for name in ("content-encoding", "etag", "last-modified", "accept-ranges"):
                        del headers[name]
                    headers["content-length"] = str(len(page))
                    await send(message)
                    await send({"type": "http.response.body", "body": page})
            if not replaced:
                await send(message)

        await self._app(scope, receive, send_page)


@cache
def index_page(*, wide: bool) -> bytes:
    """The page as HTML in UTF-8; with ``wide`` in the layout of all pages but the published model."""
    page = (_STATIC / "index.html").read_text(encoding="utf-8")
    style = _STYLE.read_text(encoding="utf-8") + (_LAYOUT if wide else "")
    imports = "".join(f'import("./static/js/{name}");' for name in element_files())
    # In the body, because the styles that Streamlit adds to the head would come later and win.
    end = f'<style>{style}</style><script type="module">{imports}</script></body>'
    return page.replace("</body>", end, 1).encode()


def element_files() -> list[str]:
    """The names of the JavaScript files of the elements, in the order of ``ELEMENTS``."""
    folder = _STATIC / "static" / "js"
    return [file.name for name in ELEMENTS for file in sorted(folder.glob(f"{name}.*.js"))]
