"""The errors that users see: one tree, each with a message and a hint.

::

    StudioError(message, hint)
    ├── DataError      the texts or labels cannot be used as they are
    ├── ConfigError    a setting is out of range, or two settings contradict each other
    ├── ModelError     an encoder or a trained model cannot be found or loaded
    ├── RunError       a training run cannot be started, read or continued
    ├── StorageError   a stored file is damaged, foreign or written by a newer version
    └── LimitError     the input is larger than this host allows

``message`` says what was expected and what was found, ``hint`` what to do next. Any other exception is a bug.
"""


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
