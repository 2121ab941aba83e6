"""The evaluation of a finished run: measured once, stored beside the run, compared with baselines and with other runs.

::

    <run>/evaluation/<split>/measures.json   every metric of the model and of each baseline, with intervals
"""

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core import decision_rule
from core.data.splitting import UNIT
from core.decision_rule import DecisionRule
from core.errors import StorageError
from core.evaluation.comparison import Comparison
from core.evaluation.decisions.predictions import Predictions
from core.evaluation.diagnostics import mistakes
from core.evaluation.metrics import compute
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.statistics.units import Units, number_units
from core.evaluation.tuned_comparison import SplitOutputs, TunedComparison, compare_tuned
from core.jobs import events
from core.jobs.events import Validation
from core.runs import MODEL, Run
from core.storage import parse_record, read_record, write_record
from core.task import Floats, Task
from core.training.config import INTERPOLATION_SHARES
from core.training.head_fitting import C_VALUES
from core.types import Targets

INSTANT = "instant"
# The version of the methods behind metrics and intervals: stored estimates of another one are computed again.
_METHOD = 3
_SPLITS = ("validation", "test")


def baseline_titles(task: Task) -> dict[str, str]:
    """The titles of a task's baselines by source, in the order in which they are shown."""
    constant = "Always the mean" if task.kind == "regression" else "Majority class"
    return {"majority": constant, "tfidf": "TF-IDF + linear", INSTANT: "Instant model"}


def available_predictions(run: Run, split: str) -> dict[str, str]:
    """The titles of the model and of the baselines that have logits for a split, by source."""
    return {MODEL: "This model"} | {
        source: title for source, title in baseline_titles(run.task).items() if run.has_logits(split, source)
    }


@dataclass(frozen=True)
class RunPredictions:
    """A run's rows of a split with their targets, the model's logits and the decision rule."""

    task: Task
    frame: pd.DataFrame
    targets: Targets
    logits: Floats
    rule: DecisionRule

    @cached_property
    def predictions(self) -> Predictions:
        """The model's predictions under the decision rule."""
        return self.rule.apply(self.task, self.logits)

    @cached_property
    def units(self) -> Units:
        """The unit of each row, (n,): rows of one unit depend on one another; None where each row is its own unit."""
        return number_units(self.frame[UNIT].to_numpy(dtype=np.intp)) if UNIT in self.frame else None

    @cached_property
    def correct(self) -> npt.NDArray[np.bool_]:
        """Whether each prediction is correct, (n,); with several labels, whether all of them are."""
        same = self.predictions.predicted == self.targets
        return np.asarray(same.all(axis=1) if same.ndim == 2 else same)

    def table(self) -> pd.DataFrame:
        """The rows with their predictions: see :func:`core.evaluation.diagnostics.mistakes.prediction_table`."""
        return mistakes.prediction_table(self.frame, self.predictions)


def load_predictions(run: Run, split: str, rule: DecisionRule | None = None) -> RunPredictions:
    """The model's predictions for a split, under its own decision rule or another one.

    Raises:
        StorageError: a stored file is damaged.
    """
    rule = rule or decision_rule.load(run.model_folder)
    frame = run.split(split)
    targets = run.task.encode(frame["label"].tolist())
    return RunPredictions(run.task, frame, targets, run.logits(split), rule)


def evaluate_run(run: Run) -> None:
    """Choose the decision rule on validation, store it with the model, and measure every split: the end of a training."""
    if run.task.kind == "regression":
        targets = run.task.encode(run.split("validation")["label"].tolist())
        decision_rule.save(decision_rule.fit_interval(targets, run.logits("validation")), run.model_folder)
    else:
        decision_rule.save(DecisionRule(), run.model_folder)
    for split in _SPLITS:
        metric_estimates(run, split)


def metric_estimates(run: Run, split: str) -> dict[str, list[MetricEstimate]]:
    """Every metric of the model and of its baselines on a split; measured again when the rule or the method has changed."""
    rule = decision_rule.load(run.model_folder)
    stored = _read_estimates(run, split, rule)
    if stored is not None:
        return stored
    ours = load_predictions(run, split, rule)
    estimates = {
        source: compute.compute_metrics(
            run.task,
            ours.targets,
            ours.logits if source == MODEL else run.logits(split, source),
            rule.thresholds if source == MODEL else (),
            ours.units,
        )
        for source in available_predictions(run, split)
    }
    write_record(
        _estimates_path(run, split),
        {
            "rule": asdict(rule),
            "method": _METHOD,
            "estimates": {
                source: [_without_nan(asdict(e)) for e in of_source] for source, of_source in estimates.items()
            },
        },
    )
    return estimates


@dataclass(frozen=True)
class _StoredEstimates:
    rule: DecisionRule
    estimates: dict[str, list[dict[str, Any]]]
    method: int = 1


def _read_estimates(run: Run, split: str, rule: DecisionRule) -> dict[str, list[MetricEstimate]] | None:
    """The stored metrics; None where they are missing, damaged, or of another decision rule or method."""
    path = _estimates_path(run, split)
    try:
        stored = parse_record(_StoredEstimates, read_record(path), path)
        if stored.rule != rule or stored.method != _METHOD:
            return None
        return {source: [_from_json(e, path) for e in of_source] for source, of_source in stored.estimates.items()}
    except StorageError:
        return None


def _estimates_path(run: Run, split: str) -> Any:
    return run.folder / "evaluation" / split / "measures.json"


def _without_nan(record: dict[str, Any]) -> dict[str, Any]:
    """The record with null for numbers that JSON does not have."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}


def _from_json(record: dict[str, Any], path: Any) -> MetricEstimate:
    return parse_record(MetricEstimate, {k: math.nan if v is None else v for k, v in record.items()}, path)


def describe_optimism(run: Run) -> str:
    """How much the validation scores flatter because the model was chosen by them: "about 2.1 points of F1 too good"."""
    result = run.result()
    if result is None or result.validation_optimism is None:
        return "slightly too good"
    return f"about {100 * result.validation_optimism:.1f} points of F1 too good"


def compared_versions(run: Run) -> int:
    """The number of versions of the model that were compared on the validation rows, of which it is the best.

    A guarantee on these rows holds for the best of k versions if it holds for each with a k-th of the risk.
    """
    if run.config.method == "instant":
        return len(C_VALUES)
    checkpoints = sum(isinstance(event, Validation) for event in events.read(run.folder))
    return max(1, checkpoints) + (len(INTERPOLATION_SHARES) if run.config.init_fitted_head else 0)


@dataclass(frozen=True)
class BaselineComparison:
    """What the model adds to a baseline, with a sentence that says whether it helped.

    ``comparison`` is that by the main metric, ``threshold_free`` that by calibrated log loss.
    """

    baseline: str
    comparison: Comparison
    sentence: str
    threshold_free: Comparison | None = None

    @property
    def helped(self) -> bool | None:
        """Whether the model is better (True) or worse (False); None where the rows cannot tell, or log loss contradicts."""
        return TunedComparison(self.comparison, self.threshold_free).helped


def compare_with_baselines(run: Run, split: str) -> list[BaselineComparison]:
    """The model compared with each trained baseline, the most expensive first; empty without rows.

    All have decisions tuned alike on the validation rows (see :mod:`core.evaluation.tuned_comparison`), so the values may differ
    from those under the saved decision rule.
    """
    validation, ours = load_predictions(run, "validation"), load_predictions(run, split)
    if len(ours.targets) == 0:
        return []
    method = "Fine-tuning" if run.config.method == "fine-tune" else "The encoder"
    targets = validation.targets, ours.targets
    model = SplitOutputs("This model", validation.logits, ours.logits, ours.units)
    comparisons = []
    for source, title in reversed(available_predictions(run, split).items()):
        if source in (MODEL, "majority"):
            continue
        name = "the instant model" if source == INSTANT else title
        baseline = SplitOutputs(name, run.logits("validation", source), run.logits(split, source), ours.units)
        compared = compare_tuned(run.task, targets, model, baseline, split)
        comparisons.append(BaselineComparison(title, compared.main, compared.describe(method), compared.threshold_free))
    return comparisons
