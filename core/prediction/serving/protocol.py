"""HTTP/1.1 as the service speaks it: the parser httptools, with limits on the head of a request.

httptools takes a third less processor time for a request than h11, but sets no limits of its own.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Counted from the second packet of a head on; the first has at most 256 KiB.
HEAD_BYTES = 65_536
HEAD_SECONDS = 10.0


class LimitedHttpProtocol(HttpToolsProtocol):
    """A connection that is closed when the head of a request grows too large or does not arrive in time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = False
        self._head_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request, for a limited time."""
        super().connection_made(transport)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse a packet."""
        was_in_head = self._in_head
        super().data_received(data)
        if not (self._in_head or self.cycle is None or self.cycle.response_complete):
            self._stop_deadline()
            return
        self._start_deadline()
        if self._in_head and was_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """The head of a request begins."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head of a request is there."""
        self._in_head = False
        super().on_headers_complete()

    def _start_deadline(self) -> None:
        if self._deadline is None:
            # It closes an idle connection at once, and one whose request is being answered after the answer.
            self._deadline = self.loop.call_later(HEAD_SECONDS, self.shutdown)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
