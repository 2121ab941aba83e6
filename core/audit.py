"""The audit log of a host: who did what when, one line of JSON each, only ever appended.

::

    <home>/audit/2026-11.jsonl   one file for each month

Visitors appear under a pseudonym, and no text, name or label of theirs is recorded.
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from core.errors import StudioError
from core.storage import append_record, read_appended
from core.workspace import VISITOR_PREFIX

Action = Literal[
    "published", "unpublished", "deleted", "purged", "taken along", "stopped", "signed in", "refused", "imported"
]
HOST, ADMIN = "host", "admin"
_SHOWN_CHARACTERS = 8


@dataclass(frozen=True)
class AuditEntry:
    """Who (``actor``) did what (``action``) to what (``subject``) at what time (UTC).

    Raises:
        ValueError: the action is unknown.
    """

    time: str
    actor: str
    action: Action
    subject: str = ""

    def __post_init__(self) -> None:
        if self.action not in get_args(Action):
            raise ValueError(f"{self.action!r} is not an action")


def pseudonym(workspace_name: str) -> str:
    """The short name of a visitor in the audit log and on the admin page: "visitor 3fa94c1e"; "local" for the owner."""
    if not workspace_name.startswith(VISITOR_PREFIX):
        return workspace_name
    return f"visitor {workspace_name.removeprefix(VISITOR_PREFIX)[:_SHOWN_CHARACTERS]}"


def record(home: Path, actor: str, action: Action, subject: str = "") -> None:
    """Append an entry. What it records has happened, so an entry that cannot be written, such as on a full disk, is lost."""
    now = datetime.now(UTC)
    entry = AuditEntry(now.isoformat(timespec="seconds"), actor, action, subject)
    with suppress(StudioError):
        append_record(_folder(home) / f"{now:%Y-%m}.jsonl", asdict(entry), new_folder=True)


def latest_entries(home: Path, count: int) -> list[AuditEntry]:
    """The last entries, newest first, without damaged lines."""
    entries: list[AuditEntry] = []
    for path in sorted(_folder(home).glob("*.jsonl"), reverse=True):
        entries += reversed(read_appended(AuditEntry, path))
        if len(entries) >= count:
            break
    return entries[:count]


def _folder(home: Path) -> Path:
    return home / "audit"
