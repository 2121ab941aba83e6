"""The settings of the service: where it listens, who may call it and how much it takes."""

from dataclasses import dataclass, field

from core import host
from core.errors import ConfigError

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000
# Every core computes a batch of this size at a time, see core.models.engines.
_TOKENS_PER_CORE = 512


@dataclass(frozen=True)
class Limits:
    """What the service accepts and how it forms batches.

    A request may have ``body_bytes`` and ``texts`` and is answered within ``seconds``. ``queue_texts`` may wait; more are
    refused. A batch has up to ``batch_tokens``; a busy server waits for more requests for up to ``batch_wait`` seconds.

    Raises:
        ConfigError: a limit is out of range.
    """

    body_bytes: int = 2_000_000
    texts: int = 256
    seconds: float = 30.0
    queue_texts: int = 512
    batch_tokens: int = field(default_factory=lambda: _TOKENS_PER_CORE * host.cores())
    batch_wait: float = 0.005

    def __post_init__(self) -> None:
        for name in ("body_bytes", "texts", "seconds", "batch_tokens"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"Expected {name} above 0, found {getattr(self, name)}.")
        if self.batch_wait < 0:
            raise ConfigError(f"Expected batch_wait of 0 or more, found {self.batch_wait}.")
        if self.queue_texts < self.texts:
            raise ConfigError(
                f"Expected a queue for at least the {self.texts} texts of one request, found {self.queue_texts}.",
                "Allow more texts in the queue, or fewer in a request.",
            )


@dataclass(frozen=True)
class ServeOptions:
    """The address the service listens on, the bearer token that callers must send (empty: none) and its limits.

    Raises:
        ConfigError: the port or the token is invalid.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    token: str = ""
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"Expected a port between 0 and 65535, found {self.port}.", "0 chooses a free port.")
        if any(not "!" <= character <= "~" for character in self.token):
            raise ConfigError(
                "Expected a token of visible ASCII characters without spaces.", "Make one with: openssl rand -hex 32"
            )
