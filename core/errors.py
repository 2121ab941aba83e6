"""The errors that users see: one tree, each with a message and a hint.

::

    StudioError(message, hint)
    ├── DataError      the texts or labels cannot be used as they are
    ├── ConfigError    a setting is out of range, or two settings contradict each other
    ├── ModelError     an encoder or a trained model cannot be found or loaded
    ├── RunError       a training run cannot be started, read or continued
    ├── StorageError   a stored file is damaged, foreign or written by a newer version
    └── LimitError     the input is larger than this host allows

``message`` says what was expected and what was found, ``hint`` what to do next. Any other exception is a bug, unless
``disk_error`` recognizes it.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)
# What libraries say that do not raise an OSError, such as safetensors.
_FULL_TEXTS = ("no space left on device", "disk quota exceeded", "database or disk is full")
_FORBIDDEN_TEXTS = ("read-only file system",)


class StudioError(Exception):
    """The base class: shown to the user as a message and a hint, never as a traceback."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class DataError(StudioError):
    """The texts or labels cannot be used as they are."""


class ConfigError(StudioError):
    """A setting is out of range, or two settings contradict each other."""


class ModelError(StudioError):
    """An encoder or a trained model cannot be found or loaded."""


class RunError(StudioError):
    """A training run cannot be started, read or continued."""


class StorageError(StudioError):
    """A stored file is damaged, foreign or written by a newer version."""


class LimitError(StudioError):
    """The input is larger than this host allows."""


def disk_error(error: BaseException, what: str = "") -> StorageError | None:
    """The error to show when a full disk or a folder that cannot be written is the cause of ``error``; None otherwise.

    ``what`` is the thing that was being stored, as the subject of a sentence.
    """
    causes = list(_causes(error))
    if any(_has(cause, _FULL, _FULL_TEXTS) for cause in causes):
        return StorageError(
            f"{what or 'It'} could not be stored: the disk is full.",
            "Delete models and datasets that you no longer need, or free some disk space, then try again. "
            "What was stored before is kept.",
        )
    forbidden = next((cause for cause in causes if _has(cause, _FORBIDDEN, _FORBIDDEN_TEXTS)), None)
    if forbidden is None:
        return None
    name = Path(str(getattr(forbidden, "filename", None) or "")).name
    return StorageError(
        f"{what or name or 'It'} could not be stored: this app may not write to the folder.",
        "What is stored can be opened. To store more, make the folder writable, or start the app with STUDIO_HOME set to "
        "one that is.",
    )


@contextmanager
def storing(what: str) -> Iterator[None]:
    """A context that turns an OSError into a StorageError: ``what`` could not be stored, why, and what to do."""
    try:
        yield
    except OSError as error:
        raise disk_error(error, what) or StorageError(
            f"{what} could not be stored: {error.strerror or error}.", "Check the disk, then try again."
        ) from error


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and those that led to it."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _has(error: BaseException, numbers: tuple[int, ...], texts: tuple[str, ...]) -> bool:
    text = str(error).lower()
    return getattr(error, "errno", None) in numbers or any(part in text for part in texts)
