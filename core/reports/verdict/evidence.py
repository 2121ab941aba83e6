"""What a verdict is drawn from: the metrics, predictions and comparisons of a run on one split."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from core import run_evaluation
from core.evaluation.diagnostics.confusion import CountMatrix, confusion_matrix
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.metrics.per_class import per_class
from core.run_evaluation import BaselineComparison, RunPredictions
from core.runs import MODEL, Run
from core.task import Task

# Fewer rows give a first impression, not a measurement.
FEW_ROWS = 30


@dataclass(frozen=True)
class Evidence:
    """The evaluation of a run on one split.

    ``predictions`` are those of the split and ``validation`` those of the validation split; None where an imported run came
    without any. ``train_rows`` counts the training rows of each label; ``train_mean`` is the mean value of a regression.
    ``optimism`` says how much the scores on validation flatter.
    """

    task: Task
    split: str
    predictions: RunPredictions | None
    validation: RunPredictions | None
    metrics: dict[str, MetricEstimate]
    comparisons: Sequence[BaselineComparison]
    train_rows: dict[str, int]
    train_mean: float = 0.0
    fine_tuned: bool = True
    imported: bool = False
    optimism: str = "slightly too good"

    @property
    def rows(self) -> int:
        """The number of evaluated rows."""
        return len(self.predictions.targets) if self.predictions else 0

    @property
    def known(self) -> RunPredictions:
        """The predictions of the split where there are rows."""
        assert self.predictions is not None
        return self.predictions

    @cached_property
    def labels(self) -> pd.DataFrame:
        """Precision, recall and F1 of each label: see :func:`core.evaluation.metrics.per_class.per_class`."""
        shown = self.known
        return per_class(shown.task, shown.targets, shown.logits, shown.rule.thresholds, shown.units)

    @cached_property
    def confusion(self) -> CountMatrix:
        """How often each class (row) was predicted as each class (column)."""
        return confusion_matrix(self.known.targets, self.known.predictions.predicted, self.task.outputs)

    @property
    def most_frequent(self) -> int:
        """The position of the label with the most training rows."""
        return int(np.argmax([self.train_rows.get(label, 0) for label in self.task.labels]))

    @cached_property
    def errors(self) -> npt.NDArray[np.float64]:
        """The absolute errors of a regression, (n,)."""
        return np.abs(self.known.logits[:, 0].astype(np.float64) - self.known.targets)


def collect_evidence(run: Run, split: str, comparisons: Sequence[BaselineComparison]) -> Evidence:
    """The evidence about a finished run.

    Args:
        run: the run.
        split: "test" or "validation".
        comparisons: what :func:`core.run_evaluation.compare_with_baselines` gives for the run and the split.

    Raises:
        StorageError: a stored file of the run is damaged.
    """
    known = {name: run_evaluation.load_predictions(run, name) if run.has_logits(name) else None for name in run.sizes}
    estimates = run_evaluation.metric_estimates(run, split).get(MODEL, []) if known[split] else []
    labels = run.split("train")["label"]
    regression = run.task.kind == "regression"
    return Evidence(
        task=run.task,
        split=split,
        predictions=known[split],
        validation=known["validation"],
        metrics={estimate.name: estimate for estimate in estimates},
        comparisons=comparisons,
        train_rows={} if regression else dict(Counter(_each_label(labels))),
        train_mean=float(labels.astype(float).mean()) if regression and len(labels) else 0.0,
        fine_tuned=run.config.method == "fine-tune",
        imported=run.source == "imported",
        optimism=run_evaluation.describe_optimism(run),
    )


def _each_label(labels: pd.Series) -> list[str]:
    return [name for label in labels for name in ([label] if isinstance(label, str) else label)]
