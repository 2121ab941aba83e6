"""Connections that do not speak HTTP, or speak it slowly or without end."""

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from core.prediction.serving import protocol
from tests.prediction.serving.cases import Predictor, made_model, post, running

REQUEST = b'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 15\r\n\r\n{"inputs": "0"}'


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A service whose model takes 0.4 seconds, and which waits 0.3 seconds for the head of a request."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol, "HEAD_SECONDS", 0.3)
        with running([made_model(predictor=Predictor(3, seconds=0.4))]) as address:
            yield address


def connect(address: str) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=5)


def read_to_end(connection: socket.socket) -> bytes:
    """What arrives until the service closes the connection."""
    received = b""
    try:
        while packet := connection.recv(65_536):
            received += packet
    except ConnectionResetError:
        pass
    return received


@pytest.mark.parametrize(
    "head",
    [
        b"hello\r\n\r\n",
        b"POST /predict HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"POST http://[x/predict HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nbad header\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_not_http_gets_400(address: str, head: bytes) -> None:
    with connect(address) as connection:
        connection.sendall(head)
        assert read_to_end(connection).startswith(b"HTTP/1.1 400 ")
    assert post(address, "/predict", {"inputs": "0"}).status == 200


@pytest.mark.parametrize("sent", [b"", b"POST /pre", b"POST /predict HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"\r\n"])
def test_a_client_that_sends_no_complete_head_is_disconnected(address: str, sent: bytes) -> None:
    with connect(address) as connection:
        connection.sendall(sent)
        start = time.perf_counter()
        assert read_to_end(connection) == b""
        assert time.perf_counter() - start < 3


def send_until_closed(connection: socket.socket, part: bytes, pause: float = 0.0) -> None:
    """Send a part again and again, until the service closes the connection.

    Raises:
        OSError: the service has closed it.
    """
    end = time.perf_counter() + 5
    while time.perf_counter() < end:
        connection.sendall(part)
        time.sleep(pause)


def test_more_bytes_do_not_buy_more_time(address: str) -> None:
    with connect(address) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nX-Slow: ")
        with pytest.raises(ConnectionError):
            send_until_closed(connection, b"a", pause=0.02)


@pytest.mark.parametrize("part", [b"X-Long: " + b"a" * 1_000 + b"\r\n", b"a" * 1_000])
def test_a_head_without_end_is_refused(address: str, monkeypatch: pytest.MonkeyPatch, part: bytes) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 60.0)
    with connect(address) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nX-First: ")
        with pytest.raises(ConnectionError):
            send_until_closed(connection, part)
    assert post(address, "/predict", {"inputs": "0"}).status == 200


def test_a_request_is_answered_although_the_next_one_never_arrives(address: str) -> None:
    with connect(address) as connection:
        connection.sendall(REQUEST + b"POST /predict HTTP/1.1\r\n")
        answer = read_to_end(connection)
    assert answer.count(b"HTTP/1.1 200 ") == 1


def test_requests_sent_at_once_are_answered_in_their_order(address: str) -> None:
    with connect(address) as connection:
        connection.sendall(
            REQUEST + REQUEST.replace(b'"0"', b'"1"') + b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n"
        )
        answer = read_to_end(connection)
    assert answer.count(b"HTTP/1.1 200 ") == 3
    assert [answer.index(text) for text in (b'[{"label":"apple"', b'[{"label":"plum"', b'{"status":"ok"}')] == sorted(
        answer.index(text) for text in (b'[{"label":"apple"', b'[{"label":"plum"', b'{"status":"ok"}')
    )
