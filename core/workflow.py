"""Where a workspace stands on the way from texts to predictions: what is done, and what comes next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from core.data.dataset import Dataset
from core.jobs import process
from core.runs import Run

Step = Literal["data", "train", "evaluate", "predict"]
STEPS: Final[tuple[Step, ...]] = ("data", "train", "evaluate", "predict")


@dataclass(frozen=True)
class Workflow:
    """The current dataset and model, the runs that train now, and the steps that are done."""

    dataset: Dataset | None
    model: Run | None
    active: tuple[Run, ...]
    evaluated: bool

    def is_done(self, step: Step) -> bool:
        """Whether a step has been taken; predicting is never finished."""
        done = {"data": self.dataset is not None or self.model is not None, "train": self.model is not None}
        return done.get(step, step == "evaluate" and self.evaluated)

    @property
    def next_step(self) -> Step:
        """The first step that is not done."""
        return next(step for step in STEPS if not self.is_done(step))


def find_workflow(
    datasets: Sequence[Dataset], runs: Sequence[Run], dataset_id: str | None = None, run_id: str | None = None
) -> Workflow:
    """The workflow with the chosen dataset and run; without a choice, the first of each list (the newest)."""
    chosen_first = sorted(runs, key=lambda run: run.id != run_id)
    model = next((run for run in chosen_first if run.result() is not None), None)
    return Workflow(
        dataset=next((dataset for dataset in datasets if dataset.id == dataset_id), datasets[0] if datasets else None),
        model=model,
        active=tuple(run for run in runs if process.read_status(run.folder).active),
        evaluated=model is not None and model.count_test_views() > 0,
    )
