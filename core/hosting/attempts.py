"""Compares a secret that somebody types with the one of the host: in constant time, and only so many times."""

import hashlib
import hmac
import threading
import time

from core.errors import LimitError

MAX_FAILURES, WINDOW_SECONDS = 5, 600.0
MIN_SECRET_CHARACTERS = 16


class Attempts:
    """Attempts to type a secret. They are counted for all visitors together, because a new cookie makes a new visitor."""

    def __init__(self, max_failures: int = MAX_FAILURES, seconds: float = WINDOW_SECONDS) -> None:
        self._max_failures, self._seconds = max_failures, seconds
        self._failures: list[float] = []
        self._lock = threading.Lock()

    def check(self, typed: str, secret: str) -> bool:
        """Whether the typed text is the secret.

        Raises:
            LimitError: there were too many wrong attempts. The text is not compared then, even if it is right.
        """
        with self._lock:
            now = time.monotonic()
            self._failures = [failed for failed in self._failures if now - failed < self._seconds]
            if len(self._failures) >= self._max_failures:
                raise LimitError(
                    "There were too many wrong attempts.", f"Try again in {round(self._seconds / 60)} minutes."
                )
            is_right = hmac.compare_digest(_digest(typed), _digest(secret))
            if not is_right:
                self._failures.append(now)
            return is_right


def _digest(text: str) -> bytes:
    # Of equal length, so that the comparison does not reveal the length of the secret.
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
