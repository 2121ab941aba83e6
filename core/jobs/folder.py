"""A job beside a dataset, a run or the host's measurements: a folder with an input, a status and one result file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from core.errors import StorageError
from core.jobs import dispatcher, process
from core.jobs.process import Status
from core.storage import parse_record, read_record, write_record

T = TypeVar("T")
_INPUT = "input.json"


@dataclass(frozen=True)
class JobFolder:
    """The folder of a job that ``python -m core <command> <path>`` runs.

    Where ``input`` is given, it is stored as input.json for the child process. The job writes the file ``result_name`` last.
    """

    path: Path
    command: str
    result_name: str
    input: Mapping[str, Any] | None = None

    @property
    def result_path(self) -> Path:
        """The file with the result."""
        return self.path / self.result_name

    @property
    def is_done(self) -> bool:
        """Whether there is a result."""
        return self.result_path.is_file()

    def status(self) -> Status | None:
        """The status of the job, None if it was never started."""
        return process.read_status(self.path) if self.path.is_dir() else None

    def start(self) -> None:
        """Run the job in a process of its own as soon as it is its turn.

        Raises:
            LimitError: the visitor has as many jobs as this host allows, or the queue is full.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        if self.input is not None:
            write_record(self.path / _INPUT, dict(self.input))
        dispatcher.submit(self.path, command=self.command)

    def load_result(self, read: Callable[[Path], T]) -> T | None:
        """The result as ``read`` returns it.

        None if there is no result, or if ``read`` raises a ``StorageError`` because the file is damaged: the job can be
        started again to replace it.
        """
        if not self.is_done:
            return None
        try:
            return read(self.result_path)
        except StorageError:
            return None


def read_input(path: Path, kind: type[T]) -> T:
    """The input that :meth:`JobFolder.start` stored in a job's folder, as a dataclass.

    Raises:
        StorageError: it is missing or damaged.
    """
    return parse_record(kind, read_record(path / _INPUT), path / _INPUT)
