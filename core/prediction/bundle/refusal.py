"""The errors of an import: what was expected, what was found, what to do next."""

from core.errors import LimitError, StorageError

_HINT = "Export the model again on the Models page of the other Finetune Studio, and import that zip unchanged."


def refusal(problem: str, hint: str = _HINT) -> StorageError:
    """The error for a zip that is not imported; ``problem`` is a clause such as "run.json is missing"."""
    return StorageError(f"The zip was not imported: {problem}.", hint)


def too_large(problem: str) -> LimitError:
    """The error for a zip that is larger, or unpacks to more, than is allowed."""
    return LimitError(f"The zip was not imported: {problem}.", "Import a smaller model.")
