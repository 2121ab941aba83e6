"""The use of a published model: one line of JSON for each prediction and correction, without the visitors' texts.

::

    <run>/publication/usage.jsonl   usage.1.jsonl   the newest lines, and those before them
"""

from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from filelock import FileLock

from core.data.corrections import Correction, append_correction
from core.errors import LimitError, StudioError
from core.publishing.publication import Publication, index_folder, open_link, publication_folder
from core.runs import Run
from core.storage import append_record, read_appended
from core.task import Label
from core.workspace import workspace_containing

MAX_BYTES = 1_000_000
MAX_CORRECTIONS_PER_DAY = 200
MAX_CORRECTION_CHARACTERS = 10_000
_FILE, _OLDER = "usage.jsonl", "usage.1.jsonl"
_LOCK_SECONDS = 2


@dataclass(frozen=True)
class Use:
    """A prediction for a visitor, or a visitor's correction of one.

    ``confidence`` is None for regression. ``characters`` is the length of the text; unlike a number of words it means the
    same in every language. ``correct`` is the label that the visitor gave; None for a prediction.

    Raises:
        ValueError: the time is not in ISO format, or before 2000 as on a machine whose clock is not set.
    """

    time: str
    label: Label
    confidence: float | None
    abstained: bool
    characters: int
    correct: Label | None = None

    def __post_init__(self) -> None:
        if datetime.fromisoformat(self.time).year < 2000:
            raise ValueError(f"{self.time} is not a time of use")

    @property
    def day(self) -> str:
        """The day in UTC: "2026-11-24"."""
        return datetime.fromisoformat(self.time).date().isoformat()


def record_use(run: Run, publication: Publication, use: Use) -> None:
    """Append a use, safely beside other processes. Of a model that is no longer published nothing is kept.

    Two files of about ``MAX_BYTES`` hold the newest uses; older ones are dropped. A use that cannot be written, such as on a full
    disk, is lost: a visitor gets a prediction all the same.
    """
    folder = publication_folder(run)
    lock = index_folder(workspace_containing(run.folder).home) / f"{publication.id}.lock"
    with suppress(OSError, StudioError), FileLock(lock, timeout=_LOCK_SECONDS):
        path = folder / _FILE
        if path.exists() and path.stat().st_size >= MAX_BYTES:
            path.replace(folder / _OLDER)
        append_record(path, asdict(use))


def read_uses(run: Run) -> list[Use]:
    """The recorded uses of a run's publication, oldest first; damaged lines and labels of another task are skipped."""
    folder = publication_folder(run)
    uses = [use for name in (_OLDER, _FILE) for use in read_appended(Use, folder / name)]
    form = {"multilabel": list, "regression": float}.get(run.task.kind, str)
    return [use for use in uses if isinstance(use.label, form) and isinstance(use.correct, form | None)]


def receive_correction(run: Run, publication: Publication, correction: Correction, use: Use) -> None:
    """Store a visitor's correction in the workspace of the model's owner, and record it as a use.

    Raises:
        RunError: the model is no longer published.
        LimitError: the text is too long, or the model received too many corrections within a day.
        StudioError: a file cannot be written.
    """
    workspace = workspace_containing(run.folder)
    open_link(workspace.home, publication.id)
    if len(correction.text) > MAX_CORRECTION_CHARACTERS:
        raise LimitError(
            f"A correction can have up to {MAX_CORRECTION_CHARACTERS:,} characters, found {len(correction.text):,}.",
            "Shorten the text.",
        )
    day_ago = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")
    if sum(use.correct is not None and use.time >= day_ago for use in read_uses(run)) >= MAX_CORRECTIONS_PER_DAY:
        raise LimitError(
            f"This model has received {MAX_CORRECTIONS_PER_DAY} corrections within a day, which is all it takes.",
            "Try again tomorrow.",
        )
    append_correction(workspace, correction)
    record_use(run, publication, use)
