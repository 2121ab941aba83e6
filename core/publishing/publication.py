"""The publication of a run: a read-only link with an unguessable id, and the texts that its owner wrote for it.

::

    <run>/publication/publication.json   the link's id and the owner's texts
    <home>/published/<id>.json           the index: in which workspace the run with this link is

The index makes opening a link independent of the number of workspaces. A link works while both files name each other, so
unpublishing or deleting the run ends it at once.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from core.errors import ConfigError, RunError, StorageError
from core.runs import Run
from core.storage import parse_record, read_record, write_record
from core.workspace import Workspace, delete, find_child, workspace_containing

MAX_TITLE, MAX_TEXT, MAX_EXAMPLE, MAX_EXAMPLES = 80, 2_000, 1_000, 5
_RECORD = "publication.json"
_ID_BYTES = 16
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_NOT_PUBLISHED = "This model is no longer published."
_NOT_PUBLISHED_HINT = "Check that the link is complete, or ask the person who sent it to you."


@dataclass(frozen=True)
class PublicTexts:
    """What the owner of a model tells its visitors: plain texts, never Markdown or HTML.

    ``limits`` says where the model fails and what it must not be used for.

    Raises:
        ConfigError: the title is empty, or a text is too long.
    """

    title: str
    description: str = ""
    limits: str = ""
    examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.title.strip():
            raise ConfigError("A published model needs a title.", "Type a title.")
        if len(self.examples) > MAX_EXAMPLES:
            raise ConfigError(
                f"A published model can have up to {MAX_EXAMPLES} examples, found {len(self.examples)}.",
                "Keep the most typical ones.",
            )
        _check_length("title", self.title, MAX_TITLE)
        _check_length("description", self.description, MAX_TEXT)
        _check_length("text about limits", self.limits, MAX_TEXT)
        for example in self.examples:
            _check_length("example", example, MAX_EXAMPLE)


def _check_length(name: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise ConfigError(f"The {name} can have up to {limit:,} characters, found {len(text):,}.", "Shorten it.")


@dataclass(frozen=True)
class Publication:
    """A published run: the id of its link, its texts, and when it was published (UTC)."""

    id: str
    texts: PublicTexts
    created: str


@dataclass(frozen=True)
class _IndexEntry:
    """Where the run of a link is: the name of the workspace's folder and the run's id."""

    workspace: str
    run: str


def publication_folder(run: Run) -> Path:
    """The folder of a run's publication; it exists while the run is published."""
    return run.folder / "publication"


def index_folder(home: Path) -> Path:
    """The folder of the host that maps the ids of links to runs."""
    return home / "published"


def publish(run: Run, texts: PublicTexts, identifier: str = "") -> Publication:
    """The publication of a run with these texts. A run that is published already keeps its link.

    ``identifier`` is the id of a new link; by default one that cannot be guessed.

    Raises:
        RunError: the run has no result yet.
        StorageError: the record of an earlier publication is damaged.
    """
    published = find_publication(run)
    if published is not None:
        publication = replace(published, texts=texts)
    elif run.result() is None:
        raise RunError(f"{run.name} has no model yet.", "Wait until its training has finished.")
    else:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        publication = Publication(identifier or secrets.token_urlsafe(_ID_BYTES), texts, now)
    workspace = workspace_containing(run.folder)
    publication_folder(run).mkdir(mode=0o700, exist_ok=True)
    index_folder(workspace.home).mkdir(parents=True, mode=0o700, exist_ok=True)
    write_record(publication_folder(run) / _RECORD, asdict(publication))
    entry = _IndexEntry(workspace.root.name, run.id)
    write_record(index_folder(workspace.home) / f"{publication.id}.json", asdict(entry))
    return publication


def unpublish(run: Run) -> None:
    """End the link of a run at once, and delete what is recorded about its use. Corrections stay."""
    try:
        publication = find_publication(run)
    except StorageError:
        publication = None  # its index entry leads to a run without a publication from now on
    if publication is not None:
        index = index_folder(workspace_containing(run.folder).home)
        for suffix in (".json", ".lock"):
            (index / f"{publication.id}{suffix}").unlink(missing_ok=True)
    if publication_folder(run).is_dir():
        delete(publication_folder(run))


def count_links(workspace: Workspace) -> int:
    """The number of links of a workspace that work or are damaged."""
    return len(_index_files(workspace))


def end_links(workspace: Workspace) -> None:
    """End all links of a workspace at once, those of damaged runs too. The runs stay."""
    for path in _index_files(workspace):
        for suffix in (".json", ".lock"):
            path.with_suffix(suffix).unlink(missing_ok=True)


def list_links(home: Path) -> list[tuple[str, str]]:
    """The ids of all links of a host, each with the name of its workspace's folder."""
    return [(path.stem, entry.workspace) for path, entry in _read_index(home)]


def _index_files(workspace: Workspace) -> list[Path]:
    """The files of the index that lead to a run of a workspace."""
    return [path for path, entry in _read_index(workspace.home) if entry.workspace == workspace.root.name]


def _read_index(home: Path) -> Iterator[tuple[Path, _IndexEntry]]:
    for path in sorted(index_folder(home).glob("*.json")):
        with suppress(StorageError):
            yield path, parse_record(_IndexEntry, read_record(path), path)


def find_publication(run: Run) -> Publication | None:
    """The publication of a run; None if it is not published.

    Raises:
        StorageError: its record is damaged.
    """
    path = publication_folder(run) / _RECORD
    return parse_record(Publication, read_record(path), path) if path.exists() else None


def open_link(home: Path, identifier: str) -> tuple[Run, Publication]:
    """The run and the publication of a link. Messages reveal nothing about the owner's workspace.

    Raises:
        RunError: there is no such link, or no longer.
        StorageError: a record is damaged.
    """
    missing = RunError(_NOT_PUBLISHED, _NOT_PUBLISHED_HINT)
    index = index_folder(home) / f"{identifier}.json"
    if not _ID.fullmatch(identifier) or not index.exists():
        raise missing
    try:
        entry = parse_record(_IndexEntry, read_record(index), index)
        workspace = find_child(home / "workspaces", entry.workspace)
        folder = find_child(workspace / "runs", entry.run) if workspace else None
        if folder is None:
            raise missing
        run = Run.open(folder)
        publication = find_publication(run)
    except StorageError as error:
        raise StorageError(
            "This published model cannot be opened, because its record is damaged.",
            "Ask the person who sent you the link to publish it again.",
        ) from error
    if publication is None or publication.id != identifier:
        raise missing
    return run, publication


def split_examples(lines: str) -> tuple[str, ...]:
    """The examples in a text with one example a line."""
    return tuple(line.strip() for line in lines.splitlines() if line.strip())


def join_examples(examples: Sequence[str]) -> str:
    """The examples as a text with one example a line."""
    return "\n".join(examples)
