"""What runs on a host, for its admin: visitors under pseudonyms, their jobs, links and disk, and the memory of the app.

No name, label or text of a visitor is read, except what the owner of a published model wrote for everybody.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil

from core import audit
from core.errors import StudioError
from core.hosting.contents import Contents, measure_contents
from core.hosting.idle import idle_days, list_visitors
from core.hosting.startup import WORKSPACE_NAME
from core.jobs import process
from core.publishing.publication import Publication, list_links, open_link
from core.runs import Run
from core.workspace import Workspace

# What kind of job the folder above it stands for.
_KINDS = {"runs": "training", "searches": "search", "predictions": "prediction of a file"}


@dataclass(frozen=True)
class VisitorOverview:
    """A visitor's workspace, what it holds, and the days that it has not been used."""

    workspace: Workspace
    contents: Contents
    idle_days: int

    @property
    def name(self) -> str:
        """The visitor's pseudonym."""
        return audit.pseudonym(self.workspace.root.name)


@dataclass(frozen=True)
class ActiveJob:
    """A job that is queued or running: its folder, whose it is, its kind, state and time."""

    folder: Path
    visitor: str
    kind: str
    state: str
    since: str

    @property
    def title(self) -> str:
        """The job in words, without its name."""
        return f"{self.kind} of {self.visitor}, {self.state} since {self.since[:16].replace('T', ' ')} UTC"


@dataclass(frozen=True)
class PublishedRun:
    """A link that works, its run and its texts."""

    visitor: str
    run: Run
    publication: Publication


def list_overviews(home: Path) -> list[VisitorOverview]:
    """The workspaces of a host that hold something, the largest first."""
    own = [Workspace(home / "workspaces" / name, home) for name in ("local", WORKSPACE_NAME)]
    workspaces = [*own, *list_visitors(home)]
    found = [VisitorOverview(item, measure_contents(item), idle_days(item)) for item in workspaces]
    return sorted((item for item in found if not item.contents.is_empty), key=lambda item: -item.contents.bytes)


def visitor_table(overviews: list[VisitorOverview]) -> pd.DataFrame:
    """One row for each visitor."""
    return pd.DataFrame(
        [
            {
                "Visitor": item.name,
                "MB": round(item.contents.bytes / 1e6, 1),
                "Datasets": item.contents.counts["datasets"],
                "Runs": item.contents.counts["runs"],
                "Links": item.contents.published,
                "Jobs": len(item.contents.active_jobs),
                "Days unused": item.idle_days,
            }
            for item in overviews
        ]
    )


def list_active_jobs(overviews: list[VisitorOverview]) -> list[ActiveJob]:
    """The jobs of all visitors."""
    jobs = []
    for item in overviews:
        for folder in item.contents.active_jobs:
            status = process.read_status(folder)
            kind = _KINDS.get(folder.relative_to(item.workspace.root).parts[0], "analysis")
            kind = kind if folder.parent.parent == item.workspace.root else "analysis"
            jobs.append(ActiveJob(folder, item.name, kind, status.state, status.time))
    return jobs


def list_published(home: Path) -> list[PublishedRun]:
    """The links of all visitors that work."""
    published = []
    for identifier, workspace_name in list_links(home):
        with suppress(StudioError):
            published.append(PublishedRun(audit.pseudonym(workspace_name), *open_link(home, identifier)))
    return published


def app_memory_bytes(jobs: list[ActiveJob]) -> int:
    """The memory of this server with its children, and of the jobs; pages that processes share count once (PSS on Linux)."""
    server = psutil.Process()
    pids = {server.pid, *(child.pid for child in server.children(recursive=True))}
    pids |= {process.read_status(job.folder).pid for job in jobs}
    total = 0
    for pid in pids - {0}:
        with suppress(psutil.Error):
            memory = psutil.Process(pid).memory_full_info()
            total += int(getattr(memory, "pss", 0) or memory.rss)
    return total
