"""Errors that a caller of the service receives: an HTTP status, a type as text-embeddings-inference names it, a sentence."""

from typing import Literal

ErrorType = Literal[
    "Empty", "Validation", "Tokenizer", "Backend", "Overloaded", "Unhealthy", "Unauthorized", "NotFound"
]


class ServiceError(Exception):
    """A request that cannot be answered; the body of the response is ``{"error": sentence, "error_type": type}``."""

    def __init__(self, status: int, error_type: ErrorType, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.error_type: ErrorType = error_type
        self.sentence = sentence

    def to_json(self) -> dict[str, str]:
        """The body of the response."""
        return {"error": self.sentence, "error_type": self.error_type}


def overloaded(sentence: str) -> ServiceError:
    """The error of a service that has more requests than it can answer."""
    return ServiceError(429, "Overloaded", sentence)


def failed(sentence: str) -> ServiceError:
    """The error of a model that did not answer."""
    return ServiceError(424, "Backend", sentence)


def invalid(sentence: str) -> ServiceError:
    """The error of a request whose fields have wrong types or values."""
    return ServiceError(422, "Validation", sentence)


def too_large(sentence: str) -> ServiceError:
    """The error of a request above a limit."""
    return ServiceError(413, "Validation", sentence)


def empty(sentence: str) -> ServiceError:
    """The error of a request without a text."""
    return ServiceError(400, "Empty", sentence)
