"""Folders on disk: a visitor's workspace and the host's home, names of new folders, atomic writes.

::

    <home>/workspaces/<visitor>/datasets/<id>/   runs/<id>/   searches/<id>/   predictions/<id>/
    <home>/published/                            links of published models
    <home>/queue/                                running and waiting jobs of this host
    <home>/measurements/<encoder>/               measured speed of this host
"""

import json
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import storing

VISITOR_PREFIX = "visitor-"
HOME_VARIABLE = "STUDIO_HOME"
_FOLDERS = ("runs", "datasets", "searches", "predictions")


@dataclass(frozen=True)
class Workspace:
    """One visitor's folder (``root``) and the folder that all visitors of this host share (``home``)."""

    root: Path
    home: Path

    @property
    def datasets(self) -> Path:
        """The folder of the datasets."""
        return self.root / "datasets"

    @property
    def runs(self) -> Path:
        """The folder of the training runs."""
        return self.root / "runs"

    @property
    def searches(self) -> Path:
        """The folder of the hyperparameter searches."""
        return self.root / "searches"

    @property
    def corrections(self) -> Path:
        """The file of the corrected predictions."""
        return self.root / "corrections.jsonl"

    @property
    def predictions(self) -> Path:
        """The folder of the predictions for files."""
        return self.root / "predictions"


def default_home() -> Path:
    """The host's home folder: ``$STUDIO_HOME``, or ``~/.finetune-studio`` if it is not set."""
    return Path(os.environ.get(HOME_VARIABLE) or Path.home() / ".finetune-studio").resolve()


def workspace_of(visitor: str, home: Path | None = None) -> Workspace:
    """The workspace of a visitor; ``visitor`` is a folder name made by the caller, never one typed by a user."""
    base = home or default_home()
    return Workspace(root=base / "workspaces" / visitor, home=base)


def workspace_containing(folder: Path) -> Workspace:
    """The workspace that contains the folder of a run, dataset, search or prediction, or a folder inside one."""
    root = next(parent.parent for parent in folder.resolve().parents if parent.name in _FOLDERS)
    return Workspace(root, root.parents[1] if root.parent.name == "workspaces" else default_home())


def visitor_of(folder: Path) -> str:
    """The name of the workspace in the home that is or contains a folder; empty for a folder elsewhere."""
    path = folder.resolve()
    return next((each.name for each in (path, *path.parents) if each.parent.name == "workspaces"), "")


def belongs_to_visitor(folder: Path) -> bool:
    """Whether a folder is in the workspace of a visitor of a shared host."""
    return visitor_of(folder).startswith(VISITOR_PREFIX)


def slug(name: str) -> str:
    """The name as lowercase ASCII letters, digits and hyphens: at most 40 characters, never empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].rstrip("-") or "unnamed"


def new_folder(parent: Path, name: str) -> Path:
    """A new folder ``<parent>/<date>-<time>-<slug>-<4 hex>`` that only its owner can read; names sort by age."""
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = parent / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{slug(name)}-{secrets.token_hex(2)}"
    folder.mkdir(mode=0o700)
    return folder


@contextmanager
def create_folder_atomically(parent: Path, name: str) -> Iterator[Path]:
    """A new folder that appears in ``parent`` when the body is done, and not at all if the body raises."""
    folder = new_folder(parent / ".new", name)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    folder.rename(parent / folder.name)


def find_child(parent: Path, identifier: str) -> Path | None:
    """The subfolder with a name; None if there is none or the name is a path that leads elsewhere."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", identifier):
        return None
    folder = parent / identifier
    return folder if folder.is_dir() else None


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file in one step, so that readers see the old file or the new one; ``write`` fills a temporary file.

    Raises:
        StorageError: the file cannot be written, such as on a full disk.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with storing(path.name):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(temporary)
            temporary.replace(path)
        finally:
            with suppress(OSError):  # a folder that cannot be written has no such file
                temporary.unlink(missing_ok=True)


def write_json(path: Path, record: Any) -> None:
    """Write a record as indented JSON, atomically."""
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> Any:
    """The JSON document in a file."""
    return json.loads(path.read_text(encoding="utf-8"))


def delete(folder: Path) -> None:
    """Delete a folder permanently; it disappears from every listing first."""
    deleted = folder.with_name(f".{folder.name}.deleted")
    shutil.rmtree(deleted, ignore_errors=True)  # left by an earlier deletion that was killed
    folder.rename(deleted)
    shutil.rmtree(deleted)
