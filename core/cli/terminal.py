"""A terminal obeys control characters: those in texts, labels and names of files are shown, not sent."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO, cast

# All but tab and line feed, also the marks that reverse what follows. Progress bars begin or end with a carriage return.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|(?!\A)\r(?!\n|\Z)")


def show_controls(text: str) -> str:
    r"""The text with each control character written out, such as "\\u001b"; a text in JSON stays valid."""
    return _CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


@contextmanager
def controls_shown() -> Iterator[None]:
    """While this lasts, what is printed reaches the terminal without control characters."""
    with redirect_stdout(_stream(sys.stdout)), redirect_stderr(_stream(sys.stderr)):
        yield


def _stream(stream: TextIO) -> TextIO:
    return cast(TextIO, _Shown(stream))


class _Shown:
    """A text stream that shows control characters."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(show_controls(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
