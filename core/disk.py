"""The disk that workspaces use, and the limits on it: work that needs more than there is, is refused before it starts."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from core.errors import LimitError
from core.limits import host_limits
from core.workspace import Workspace, belongs_to_visitor

MEGABYTE = 1_000_000
_KEPT_SECONDS = 30.0
# The bytes of all workspaces of a home, and when they were counted.
_totals: dict[Path, tuple[float, int]] = {}


def check_disk(workspace: Workspace, needed_bytes: int, what: str, peak_bytes: int = 0) -> None:
    """Check that a workspace, its host and the disk have room for ``what``, which needs about so many bytes.

    ``peak_bytes`` is what it needs meanwhile, if that is more. Only the disk itself must have that.

    Raises:
        LimitError: one of them has not.
    """
    limits = host_limits(belongs_to_visitor(workspace.root))
    needed = f"{what} needs about {format_megabytes(needed_bytes)} of disk"
    if limits.visitor_disk_mb:
        used, granted = folder_bytes(workspace.root), limits.visitor_disk_mb * MEGABYTE
        if used + needed_bytes > granted:
            raise LimitError(
                f"{needed}. Your workspace uses {format_megabytes(used)} of the {format_megabytes(granted)} that this "
                "host grants.",
                "Delete datasets or models that you no longer need.",
            )
    if limits.disk_mb and total_bytes(workspace.home) + needed_bytes > limits.disk_mb * MEGABYTE:
        raise LimitError(
            f"{needed}, which this host does not have: all workspaces together may use "
            f"{format_megabytes(limits.disk_mb * MEGABYTE)}.",
            "Delete what you no longer need, or try again later.",
        )
    peak = max(needed_bytes, peak_bytes)
    if (free := _free_bytes(workspace.home)) < peak:
        raise LimitError(
            f"{what} needs about {format_megabytes(peak)} of disk, but only {format_megabytes(free)} are left.",
            "Free some disk space, then try again.",
        )


def folder_bytes(folder: Path) -> int:
    """The bytes of all files in a folder and below it; 0 if there is no folder. Links are not followed."""
    return sum(file_bytes(entry) for _, entries in walk(folder) for entry in entries)


def total_bytes(home: Path) -> int:
    """The bytes of all workspaces, counted again after half a minute: many visitors may start something at a time."""
    counted, total = _totals.get(home, (-_KEPT_SECONDS, 0))
    if time.monotonic() - counted >= _KEPT_SECONDS:
        total = folder_bytes(home / "workspaces")
        _totals[home] = time.monotonic(), total
    return total


def format_megabytes(size: int) -> str:
    """Bytes as "1,234 MB"; "0.4 MB" below ten."""
    return f"{size / MEGABYTE:,.1f} MB" if size < 10 * MEGABYTE else f"{size / MEGABYTE:,.0f} MB"


def walk(folder: Path) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
    """The folder and all folders below it, each with its entries. What vanishes meanwhile is left out."""
    pending = [folder]
    while pending:
        current = pending.pop()
        try:
            with os.scandir(current) as scan:
                entries = list(scan)
        except OSError:
            continue
        yield current, entries
        pending += [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]


def file_bytes(entry: os.DirEntry[str]) -> int:
    """The size of a regular file; 0 for anything else."""
    try:
        return entry.stat(follow_symlinks=False).st_size if entry.is_file(follow_symlinks=False) else 0
    except OSError:
        return 0


def _free_bytes(home: Path) -> int:
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    return shutil.disk_usage(existing).free
