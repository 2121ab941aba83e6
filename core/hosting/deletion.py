"""Deletes everything of a visitor: jobs end first, then links of published models, then the files."""

import time
from contextlib import suppress
from pathlib import Path

from core import audit
from core.errors import RunError
from core.hosting.contents import Contents, active_jobs, measure_contents
from core.jobs import process
from core.publishing.publication import end_links
from core.workspace import Workspace, delete

WAIT_SECONDS, _POLL_SECONDS = 20.0, 0.1


def delete_workspace(workspace: Workspace, actor: str, action: audit.Action = "deleted") -> Contents:
    """Delete a workspace permanently; returns what it held. ``actor`` and ``action`` are for the audit log.

    Raises:
        RunError: a job of the workspace does not end. Nothing was deleted then.
    """
    contents = measure_contents(workspace)
    end_jobs(workspace)
    end_links(workspace)
    if workspace.root.exists():
        delete(workspace.root)
    audit.record(workspace.home, actor, action, f"{audit.pseudonym(workspace.root.name)}: {contents.describe()}")
    return contents


def end_jobs(workspace: Workspace) -> None:
    """End all jobs of a workspace at once, and wait until they have ended: their results are not needed.

    Raises:
        RunError: a job does not end.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while jobs := active_jobs(workspace):
        for folder in jobs:
            _end(folder)
        if time.monotonic() > deadline:
            raise RunError("A job of this workspace does not end, so nothing was deleted.", "Try again in a minute.")
        time.sleep(_POLL_SECONDS)


def _end(folder: Path) -> None:
    with suppress(ProcessLookupError):
        if process.read_status(folder).state == "queued":
            process.stop(folder)
        else:
            process.kill(folder)
