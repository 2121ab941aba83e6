"""A secret can be guessed only a few times, and the right one does not help while attempts are refused."""

import time

import pytest

from core.errors import LimitError
from core.hosting.attempts import Attempts

SECRET = "the secret of this host"


def test_wrong_attempts_are_limited_and_the_limit_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    attempts = Attempts(max_failures=3, seconds=60)
    for typed in ("", "the secret", SECRET + " "):
        assert not attempts.check(typed, SECRET)
    with pytest.raises(LimitError, match="too many wrong attempts"):
        attempts.check(SECRET, SECRET)
    now[0] = 161.0
    assert attempts.check(SECRET, SECRET)


def test_right_attempts_are_not_limited() -> None:
    attempts = Attempts(max_failures=1)
    assert [attempts.check(SECRET, SECRET) for _ in range(5)] == [True] * 5
    assert not attempts.check("\ud800", SECRET), "any text can be typed"
