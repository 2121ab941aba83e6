"""The comparison of prediction engines on the validation rows of a run, as the job ``python -m core compare-engines``."""

from dataclasses import asdict, dataclass
from pathlib import Path

from core.jobs.events import OnEvent, Phase, Progress
from core.jobs.folder import JobFolder
from core.jobs.runner import run_job
from core.models.engines.selection import ValidationRows, choose_engine
from core.runs import Run
from core.storage import write_record
from core.workspace import workspace_containing

_FOLDER, _RESULT = "engine-trial", "choice.json"


@dataclass(frozen=True)
class _Result:
    """The contents of choice.json."""

    engine: str
    reason: str


def validation_rows(run: Run) -> ValidationRows:
    """The validation rows of a run.

    Raises:
        StorageError: the file of the rows is missing or damaged.
    """
    frame = run.split("validation")
    return ValidationRows(frame["text"].tolist(), run.task.encode(frame["label"].tolist()))


def engine_trial_job(run: Run) -> JobFolder:
    """The job for a run. Its trial is stored for this host and read with :func:`core.models.engines.selection.stored_choice`."""
    return JobFolder(run.folder / _FOLDER, "compare-engines", _RESULT)


def run_engine_trial(folder: Path) -> None:
    """Compare the engines for a folder of :func:`engine_trial_job` in this process."""
    run = Run.open(folder.parent)

    def compare(on_event: OnEvent) -> None:
        on_event(Phase("comparing"))
        rows = validation_rows(run)
        choice = choose_engine(run.model_folder, rows, on_progress=lambda done, total: on_event(Progress(done, total)))
        write_record(folder / _RESULT, asdict(_Result(choice.engine, choice.reason)))

    run_job(folder, workspace_containing(folder).home, lambda on_event, stop: compare(on_event))
