"""What a workspace holds: how many datasets and runs, how many bytes, and the jobs that are queued or running."""

from dataclasses import dataclass
from pathlib import Path

from core.disk import file_bytes, format_megabytes, walk
from core.formatting import pluralize
from core.jobs import process
from core.publishing.publication import count_links
from core.workspace import Workspace

# What a folder name of a workspace says in the sentence about its contents.
_NOUNS = {
    "datasets": ("dataset", ""),
    "runs": ("run", ""),
    "searches": ("search", "searches"),
    "predictions": ("prediction of a file", "predictions of files"),
}


@dataclass(frozen=True)
class Contents:
    """The numbers of datasets, runs, searches, predicted files and published links, the bytes on disk, and active jobs."""

    counts: dict[str, int]
    published: int
    bytes: int
    active_jobs: tuple[Path, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to delete."""
        return self.bytes == 0

    def describe(self) -> str:
        """The contents in words: "2 datasets, 3 runs and 214 MB"."""
        parts = [pluralize(count, *_NOUNS[name]) for name, count in self.counts.items() if count]
        return " and ".join(filter(None, [", ".join(parts), format_megabytes(self.bytes)]))


def measure_contents(workspace: Workspace) -> Contents:
    """The contents of a workspace. Files that vanish meanwhile are not counted."""
    counts, size, jobs = dict.fromkeys(_NOUNS, 0), 0, []
    for folder, entries in walk(workspace.root):
        if folder.name in counts and folder.parent == workspace.root:
            counts[folder.name] = sum(entry.is_dir() and not entry.name.startswith(".") for entry in entries)
        for entry in entries:
            if entry.name == process.STATUS and process.read_status(folder).active:
                jobs.append(folder)
        size += sum(file_bytes(entry) for entry in entries)
    return Contents(counts, count_links(workspace), size, tuple(jobs))


def active_jobs(workspace: Workspace) -> list[Path]:
    """The folders of the jobs of a workspace that are queued or running."""
    folders = (folder for folder, entries in walk(workspace.root) if any(e.name == process.STATUS for e in entries))
    return [folder for folder in folders if process.read_status(folder).active]
