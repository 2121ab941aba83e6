"""The one table of metrics: title, format, direction and description of each, and which metrics each kind of task shows."""

from dataclasses import dataclass
from typing import Literal

from core.formatting import format_number, format_percent
from core.task import TaskKind


@dataclass(frozen=True)
class Metric:
    """A metric as it is presented: a title, a format, one sentence for a tooltip, and which direction is better."""

    name: str
    title: str
    format: Literal["percent", "number"]
    description: str
    higher_is_better: bool = True

    def format_value(self, value: float) -> str:
        """A value as text: "81.4%", "0.713" or "undefined"."""
        return format_percent(value) if self.format == "percent" else format_number(value)

    def format_size(self, difference: float) -> str:
        """A difference without its sign: "4.1 points" for percentages, else "0.12"."""
        return f"{100 * abs(difference):.1f} points" if self.format == "percent" else f"{abs(difference):.3g}"

    def format_difference(self, difference: float) -> str:
        """A difference with its sign: "+4.1" (points) for percentages, else "+0.12"."""
        return f"{100 * difference:+.1f}" if self.format == "percent" else f"{difference:+.3g}"


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "Accuracy", "percent", "The share of texts with the correct label."),
        Metric("balanced_accuracy", "Balanced accuracy", "percent", "The mean recall of the classes that occur."),
        Metric("precision_macro", "Precision (macro)", "percent", "The mean precision of the classes."),
        Metric("recall_macro", "Recall (macro)", "percent", "The mean recall of the classes."),
        Metric(
            "f1_macro", "F1 (macro)", "percent", "The mean F1 of the classes; rare ones count as much as common ones."
        ),
        Metric("precision_weighted", "Precision (weighted)", "percent", "The mean precision, weighted by class size."),
        Metric("recall_weighted", "Recall (weighted)", "percent", "The mean recall, weighted by class size."),
        Metric("f1_weighted", "F1 (weighted)", "percent", "The mean F1, weighted by class size."),
        Metric("matthews", "Matthews correlation", "number", "From -1 to 1: 0 is chance, 1 is perfect."),
        Metric("precision_micro", "Precision (micro)", "percent", "The share of predicted labels that are correct."),
        Metric("recall_micro", "Recall (micro)", "percent", "The share of actual labels that are predicted."),
        Metric("f1_micro", "F1 (micro)", "percent", "The harmonic mean of micro precision and micro recall."),
        Metric("f1_samples", "F1 (per text)", "percent", "The F1 of each text's labels, averaged over texts."),
        Metric("subset_accuracy", "All labels correct", "percent", "The share of texts with every label correct."),
        Metric("hamming_loss", "Hamming loss", "percent", "The share of label decisions that are wrong.", False),
        Metric("top_3_accuracy", "Top-3 accuracy", "percent", "How often the label is among the three most likely."),
        Metric("log_loss", "Log loss", "number", "The penalty for a low probability of the correct class.", False),
        Metric("roc_auc", "ROC-AUC", "number", "How often a text with a label ranks above one without it."),
        Metric("average_precision", "PR-AUC (average precision)", "number", "The area under precision over recall."),
        Metric("mae", "Mean absolute error", "number", "The mean distance from the actual value.", False),
        Metric("rmse", "Root mean squared error", "number", "Like the mean error, but large errors count more.", False),
        Metric("r2", "R²", "number", "The share of variance explained: 0 is always predicting the mean, 1 is perfect."),
        Metric("spearman", "Rank correlation", "number", "How well the order of predicted and actual values agrees."),
    )
}

# The metric that chooses the best checkpoint on validation and stands for a run in lists.
MAIN_METRIC: dict[TaskKind, str] = {
    "binary": "f1_macro",
    "multiclass": "f1_macro",
    "multilabel": "f1_micro",
    "regression": "r2",
}
# The metrics at the top of an evaluation, in order.
HEADLINE_METRICS: dict[TaskKind, tuple[str, ...]] = {
    "binary": ("accuracy", "f1_macro", "matthews", "roc_auc"),
    "multiclass": ("accuracy", "f1_macro", "balanced_accuracy", "log_loss"),
    "multilabel": ("f1_micro", "f1_macro", "subset_accuracy", "hamming_loss"),
    "regression": ("mae", "rmse", "r2", "spearman"),
}
# The metrics that share the axis of a chart.
CHART_METRICS: dict[TaskKind, tuple[str, ...]] = {
    "binary": ("accuracy", "f1_macro", "balanced_accuracy"),
    "multiclass": ("accuracy", "f1_macro", "balanced_accuracy"),
    "multilabel": ("f1_micro", "f1_macro", "subset_accuracy"),
    "regression": ("mae", "rmse"),
}
# The metrics by which two models can be compared; the first is the default.
COMPARISON_METRICS: dict[TaskKind, tuple[str, ...]] = {
    "binary": ("f1_macro", "accuracy", "log_loss"),
    "multiclass": ("f1_macro", "accuracy", "log_loss"),
    "multilabel": ("f1_micro", "f1_macro", "subset_accuracy"),
    "regression": ("mae", "rmse"),
}
# The metric of a learning curve: an error is easier to read than R².
LEARNING_CURVE_METRIC: dict[TaskKind, str] = MAIN_METRIC | {"regression": "mae"}
