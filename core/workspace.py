"""Where things lie on disk: a visitor's workspace and the host's home, names for new folders, atomic writes.

::

    <home>/workspaces/<visitor>/datasets/<id>/   runs/<id>/   searches/<id>/
    <home>/queue/                                who trains and who waits on this host
    <home>/measurements/<encoder>/               how fast this host is
"""

import json
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import StudioError

HOME_VARIABLE = "STUDIO_HOME"


@dataclass(frozen=True)
class Workspace:
    """One visitor's folder (``root``) and the folder everybody on this host shares (``home``)."""

    root: Path
    home: Path

    @property
    def datasets(self) -> Path:
        """The folder of the data sets."""
        return self.root / "datasets"

    @property
    def runs(self) -> Path:
        """The folder of the training runs."""
        return self.root / "runs"

    @property
    def searches(self) -> Path:
        """The folder of the searches for better settings."""
        return self.root / "searches"


def default_home() -> Path:
    """The host's home: ``$STUDIO_HOME``, else ``~/.finetune-studio``."""
    return Path(os.environ.get(HOME_VARIABLE) or Path.home() / ".finetune-studio").resolve()


def workspace_of(visitor: str, home: Path | None = None) -> Workspace:
    """The workspace of a visitor; ``visitor`` is a folder name that the caller made, never one that a user typed."""
    base = home or default_home()
    return Workspace(root=base / "workspaces" / visitor, home=base)


def workspace_containing(folder: Path) -> Workspace:
    """The workspace that a run's or a data set's folder, or one inside it, lies in."""
    root = next(parent.parent for parent in folder.resolve().parents if parent.name in ("runs", "datasets", "searches"))
    return Workspace(root, root.parents[1] if root.parent.name == "workspaces" else default_home())


def slug(name: str) -> str:
    """``name`` as lower-case ASCII letters, digits and hyphens, at most 40 characters, never empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].rstrip("-") or "unnamed"


def new_folder(parent: Path, name: str) -> Path:
    """Make ``<parent>/<date>-<time>-<slug>-<4 hex>``, readable by its owner alone; names sort by age."""
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = parent / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{slug(name)}-{secrets.token_hex(2)}"
    folder.mkdir(mode=0o700)
    return folder


@contextmanager
def create_folder_atomically(parent: Path, name: str) -> Iterator[Path]:
    """A new folder that appears in ``parent`` whole, or not at all if the body raises."""
    folder = new_folder(parent / ".new", name)
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    folder.rename(parent / folder.name)


def folders(parent: Path, marker: str) -> list[Path]:
    """Sub-folders that hold the file ``marker``, newest first."""
    if not parent.is_dir():
        return []
    return sorted((f for f in parent.iterdir() if (f / marker).is_file()), key=lambda f: f.name, reverse=True)


def find_child(parent: Path, identifier: str) -> Path | None:
    """The sub-folder of that name, ``None`` if there is none or the identifier is a path that leads elsewhere."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", identifier):
        return None
    folder = parent / identifier
    return folder if folder.is_dir() else None


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a file beside ``path``, then put it in place in one step: readers see the old file or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        write(beside)
        beside.replace(path)
    except OSError as error:
        raise StudioError(
            f"{path.name} could not be written: {error.strerror or error}.", "Free some disk space, then try again."
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def write_json(path: Path, record: Any) -> None:
    """Write ``record`` as indented JSON, atomically."""
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, lambda beside: beside.write_text(text, encoding="utf-8"))


def read_json(path: Path) -> Any:
    """The JSON in ``path``."""
    return json.loads(path.read_text(encoding="utf-8"))


def delete(folder: Path) -> None:
    """Delete a folder for good; it disappears from every listing first."""
    doomed = folder.with_name(f".{folder.name}.deleted")
    shutil.rmtree(doomed, ignore_errors=True)  # what an earlier deletion left that was killed
    folder.rename(doomed)
    shutil.rmtree(doomed)
