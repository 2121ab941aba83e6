"""A finished demo run in a few numbers that ship with the app. Home draws its charts from them. Run ``make showcase``."""

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from core.data.samples import CLINIC
from core.experiments.launch import create_training_run, follow_events, preset_for_dataset, sample_dataset
from core.jobs import dispatcher, events
from core.jobs.events import Step
from core.run_evaluation import available_predictions, metric_estimates
from core.runs import Run
from core.storage import parse_record, read_record, write_record
from core.workspace import workspace_of

_FILE = Path(__file__).with_name("showcase.json")
_METRIC = "accuracy"
_DIGITS = 4


@dataclass(frozen=True)
class Score:
    """The test accuracy of the model or of a baseline, with its 95% interval."""

    source: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Showcase:
    """The training loss by optimizer step, and the test accuracy of the model and its baselines."""

    losses: dict[str, float]
    scores: tuple[Score, ...]
    test_rows: int


@cache
def read_showcase() -> Showcase:
    """The numbers that ship with the app."""
    return parse_record(Showcase, read_record(_FILE), _FILE)


def summarize(run: Run) -> Showcase:
    """The numbers of a finished run."""
    steps = [event for event in events.read(run.folder) if isinstance(event, Step)]
    titles, scores = available_predictions(run, "test"), []
    for source, estimates in metric_estimates(run, "test").items():
        accuracy = next(estimate for estimate in estimates if estimate.name == _METRIC)
        values = (round(value, _DIGITS) for value in (accuracy.value, accuracy.low, accuracy.high))
        scores.append(Score(titles[source], *values))
    losses = {str(step.step): round(step.loss, _DIGITS) for step in steps}
    return Showcase(losses, tuple(scores), run.sizes["test"])


def main() -> None:
    """Train the demo run again and store its numbers."""
    with TemporaryDirectory() as home:
        workspace = workspace_of("local", Path(home))
        dataset = sample_dataset(workspace, CLINIC)
        run = create_training_run(workspace, dataset, preset_for_dataset(dataset))
        dispatcher.submit(run.folder)
        for _ in follow_events(run):
            pass
        write_record(_FILE, asdict(summarize(run)))


if __name__ == "__main__":
    main()
