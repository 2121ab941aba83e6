"""Whether the token of this host may be sent to the Hugging Face hub: for its owner, not for visitors of a shared host."""

import os
from contextvars import ContextVar
from typing import Literal

# Read by huggingface_hub: without it, the token of the environment or of the token file goes with every request.
NO_IMPLICIT_TOKEN = "HF_HUB_DISABLE_IMPLICIT_TOKEN"
_allowed: ContextVar[bool] = ContextVar("hub_token_allowed", default=True)


def allow_hub_token(allowed: bool) -> None:
    """Choose whether this thread sends the token: not for a visitor, who must not see what the host's owner can see."""
    _allowed.set(allowed)


def hub_token() -> Literal[False] | None:
    """The argument ``token`` of huggingface_hub and datasets: None for the token of this host, False for none."""
    return False if not _allowed.get() or os.environ.get(NO_IMPLICIT_TOKEN) else None


def child_environment(for_visitor: bool = False) -> dict[str, str]:
    """Variables for a child process, so that it sends no token for a visitor, or where this thread must not."""
    return {NO_IMPLICIT_TOKEN: "1"} if for_visitor or hub_token() is False else {}
