"""A visitor without a browser: speaks Streamlit's protobuf over a websocket to a running server."""

import json
import time
import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from http.client import HTTPConnection
from typing import Any, Self
from urllib.parse import urlsplit

from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs, UploadedFileInfo
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection, connect

PAGES = ("", "data", "train", "evaluate", "predict", "models", "learn")
_SECONDS = 240.0
_ANOTHER_RUN_SECONDS = 0.3
_MAX_MESSAGE = 300_000_000


class Visitor:
    """A session of one visitor: opens pages, clicks, types, uploads, and keeps what the server sent.

    ``elements`` are those of the page now, by their place; ``timed_fragments`` are its parts that run by a timer of the browser;
    ``received`` are the bytes of all messages so far.
    """

    def __init__(self, url: str, cookie: str = "", headers: Mapping[str, str] | None = None) -> None:
        self.url, self._headers = url, dict(headers or {})
        self.cookie = cookie or self._first_cookie()
        self.elements: dict[tuple[int, ...], Element] = {}
        self.received: list[bytes] = []
        self._states: dict[str, WidgetState] = {}
        self._page, self._query, self.session_id = "", "", ""
        self._fragments: dict[str, str] = {}
        self.timed_fragments: set[str] = set()
        self._closing = ExitStack()
        self._socket = self._closing.enter_context(self._connect())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def _first_cookie(self) -> str:
        response = self.get("/")
        pairs = [value.split(";")[0] for name, value in response.headers if name.lower() == "set-cookie"]
        return "; ".join(pair for pair in pairs if pair.startswith("studio_visitor="))

    def _connect(self) -> ClientConnection:
        address = urlsplit(self.url)
        return connect(
            f"ws://{address.netloc}/_stcore/stream",
            additional_headers={"Cookie": self.cookie, "Origin": self.url} | self._headers,
            max_size=_MAX_MESSAGE,
            compression=None,
            proxy=None,
            open_timeout=60,
            ping_interval=None,
        )

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> "Answer":
        """The response to a GET with this visitor's cookie and headers."""
        return request(self.url, "GET", path, self._cookie_header() | self._headers | dict(headers or {}))

    def _cookie_header(self) -> dict[str, str]:
        cookie = getattr(self, "cookie", "")
        return {"Cookie": cookie} if cookie else {}

    def open(self, page: str, query: str = "") -> None:
        """Open a page, as a browser does that was given its address."""
        self._page, self._query = page, query
        self._states.clear()
        self._run()

    def click(self, label: str) -> None:
        """Click the first button with this label."""
        button = self._find("button", label)
        self._run(WidgetState(id=button.id, trigger_value=True), self._fragments.get(button.id, ""))

    def fill(self, label: str, text: str) -> None:
        """Type into the first field with this label, without a rerun; the next action sends the text."""
        kind = "text_area" if self.has("text_area", label) else "text_input"
        identifier = self._find(kind, label).id
        self._states[identifier] = WidgetState(id=identifier, string_value=text)

    def choose(self, label: str, value: str) -> None:
        """Choose the first option that begins with ``value``, of the first segmented control with this label."""
        group = self._find("button_group", label)
        state = WidgetState(id=group.id)
        state.string_array_value.data.append(next(o.content for o in group.options if o.content.startswith(value)))
        self._states[group.id] = state
        self._run()

    def upload(self, label: str, name: str, data: bytes) -> None:
        """Upload a file with the first uploader whose label begins like this."""
        identifier = self._find("file_uploader", label).id
        urls = self._file_urls(name)
        status = self._put(urls.upload_url, name, data)
        if status not in (200, 204):
            raise AssertionError(f"The upload of {name} was answered with {status}.")
        state = WidgetState(id=identifier)
        info = UploadedFileInfo(name=name, size=len(data), file_id=urls.file_id, file_urls=urls)
        state.file_uploader_state_value.uploaded_file_info.append(info)
        self._states[identifier] = state
        self._run()

    def put(self, name: str, data: bytes) -> int:
        """Send a file that no uploader of the page uses; returns the status of the answer."""
        return self._put(self._file_urls(name).upload_url, name, data)

    def _file_urls(self, name: str) -> FileURLs:
        message = BackMsg()
        message.file_urls_request.request_id = uuid.uuid4().hex
        message.file_urls_request.session_id = self.session_id
        message.file_urls_request.file_names.append(name)
        self._socket.send(message.SerializeToString())
        while True:
            answer = self._receive(_SECONDS)
            if answer.WhichOneof("type") == "file_urls_response":
                return answer.file_urls_response.file_urls[0]

    def _put(self, path: str, name: str, data: bytes) -> int:
        boundary = uuid.uuid4().hex
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename={json.dumps(name)}\r\n'
        body = head.encode() + b"Content-Type: text/csv\r\n\r\n" + data + f"\r\n--{boundary}--\r\n".encode()
        token = next((v for n, v in self.get("/_stcore/health").headers if n.lower() == "set-cookie"), "")
        pair = token.split(";")[0]
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Cookie": "; ".join(filter(None, [self.cookie, pair])),
            "X-Xsrftoken": pair.partition("=")[2].strip('"'),
        }
        return request(self.url, "PUT", path, self._headers | headers, body).status

    def run_fragment(self, fragment: str) -> None:
        """Run a part of the page that runs by itself, as the browser's timer does."""
        self._run(fragment=fragment)

    def has(self, kind: str, label: str) -> bool:
        """Whether the page shows an element of a kind with this label."""
        return any(_label(e, kind).startswith(label) for e in self.elements.values() if e.WhichOneof("type") == kind)

    def _find(self, kind: str, label: str) -> Any:
        for element in self.elements.values():
            if element.WhichOneof("type") == kind and _label(element, kind).startswith(label):
                return getattr(element, kind)
        raise AssertionError(f"There is no {kind} {label!r} on {self._page or 'home'}:\n{self.text()}")

    def text(self) -> str:
        """All texts that the page shows, without the backslashes that escape Markdown."""
        parts = [part for element in self.elements.values() for part in _strings(element)]
        return "\n".join(part for part in parts if not part.startswith("<style>")).replace("\\", "")

    def exceptions(self) -> list[str]:
        """The messages of the exceptions that the page shows."""
        return [e.exception.message for e in self.elements.values() if e.WhichOneof("type") == "exception"]

    def _run(self, trigger: WidgetState | None = None, fragment: str = "") -> None:
        message = BackMsg()
        state = message.rerun_script
        state.page_name, state.query_string, state.fragment_id = self._page, self._query, fragment
        state.widget_states.widgets.extend([*self._states.values(), *([trigger] if trigger else [])])
        self._socket.send(message.SerializeToString())
        self._wait_until_finished()

    def _wait_until_finished(self) -> None:
        deadline = time.monotonic() + _SECONDS
        finished = False
        while True:
            try:
                message = self._receive(_ANOTHER_RUN_SECONDS if finished else deadline - time.monotonic())
            except TimeoutError:
                if finished:
                    return
                raise
            kind = message.WhichOneof("type")
            if kind == "script_finished":
                # st.rerun and st.switch_page start the next run at once.
                finished = message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
            elif kind == "new_session":
                finished = False

    def _receive(self, seconds: float) -> ForwardMsg:
        data = self._socket.recv(timeout=max(0.001, seconds))
        assert isinstance(data, bytes)
        self.received.append(data)
        message = ForwardMsg()
        message.ParseFromString(data)
        self._keep(message)
        return message

    def _keep(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.session_id = message.new_session.initialize.session_id
            if not message.metadata.run.fragment_ids:
                self.elements.clear()
                self.timed_fragments.clear()
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind == "navigation":
            pages = {page.page_script_hash: page for page in message.navigation.app_pages}
            page = pages.get(message.navigation.page_script_hash)
            self._page = page.url_pathname if page and not page.is_default else ""
        elif kind == "auto_rerun":
            self.timed_fragments.add(message.auto_rerun.fragment_id)
        elif kind == "delta":
            self._keep_element(message)

    def _keep_element(self, message: ForwardMsg) -> None:
        place = tuple(message.metadata.delta_path)
        for inner in [other for other in self.elements if other[: len(place)] == place]:
            del self.elements[inner]
        if message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            self.elements[place] = element
            kind = element.WhichOneof("type")
            if kind == "button" and message.delta.fragment_id:
                self._fragments[element.button.id] = message.delta.fragment_id


class Answer:
    """What a server answered: status, headers, body."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    def header(self, name: str) -> str:
        """The first header with a name; empty without one."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


def request(url: str, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
    """The response to a request that sends exactly these headers."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=_SECONDS)
    try:
        connection.request(method, path, body=body or None, headers=dict(headers))
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


def _label(element: Element, kind: str) -> str:
    return str(getattr(getattr(element, kind), "label", ""))


def _strings(message: Message) -> list[str]:
    """All strings in a message, however deep."""
    found: list[str] = []
    for field, value in message.ListFields():
        for item in value if _is_list(value) else [value]:
            if isinstance(item, Message):
                found += _strings(item)
            elif isinstance(item, str) and field.name not in ("id", "key", "icon"):
                found.append(item)
    return found


def _is_list(value: object) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes | Mapping)
