"""The one table of metrics: title, format, direction and description of each, and which metrics each kind of task shows."""

from dataclasses import dataclass
from typing import Literal

from core.formatting import format_number, format_percent
from core.task import TaskKind


@dataclass(frozen=True)
class Metric:
    """A metric as it is presented: its term, a title in plain words, a format, a sentence, a formula, and what is better."""

    name: str
    title: str
    plain: str
    format: Literal["percent", "number"]
    description: str
    formula: str
    higher_is_better: bool = True

    @property
    def help(self) -> str:
        """What a tooltip says in Markdown: the exact term with its formula, then the description."""
        return f"**{self.title}** = {self.formula}\n\n{self.description}"

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
        Metric(
            "accuracy",
            "Accuracy",
            "Texts labeled correctly",
            "percent",
            "The share of texts with the correct label.",
            "correct texts / all texts",
        ),
        Metric(
            "balanced_accuracy",
            "Balanced accuracy",
            "Texts found, mean of classes",
            "percent",
            "The mean recall of the classes that occur.",
            "mean over classes of TP / (TP + FN)",
        ),
        Metric(
            "precision_macro",
            "Precision (macro)",
            "Correct predictions, mean of classes",
            "percent",
            "The mean precision of the classes.",
            "mean over classes of TP / (TP + FP)",
        ),
        Metric(
            "recall_macro",
            "Recall (macro)",
            "Texts found, mean of classes",
            "percent",
            "The mean recall of the classes.",
            "mean over classes of TP / (TP + FN)",
        ),
        Metric(
            "f1_macro",
            "F1 (macro)",
            "Found and correct, mean of classes",
            "percent",
            "The mean F1 of the classes; rare ones count as much as common ones.",
            "mean over classes of 2 TP / (2 TP + FP + FN)",
        ),
        Metric(
            "precision_weighted",
            "Precision (weighted)",
            "Correct predictions, by class size",
            "percent",
            "The mean precision, weighted by class size.",
            "mean of TP / (TP + FP), weighted by the rows of each class",
        ),
        Metric(
            "recall_weighted",
            "Recall (weighted)",
            "Texts found, by class size",
            "percent",
            "The mean recall, weighted by class size.",
            "mean of TP / (TP + FN), weighted by the rows of each class",
        ),
        Metric(
            "f1_weighted",
            "F1 (weighted)",
            "Found and correct, by class size",
            "percent",
            "The mean F1, weighted by class size.",
            "mean of 2 TP / (2 TP + FP + FN), weighted by the rows of each class",
        ),
        Metric(
            "matthews",
            "Matthews correlation",
            "Agreement beyond chance",
            "number",
            "From -1 to 1: 0 is chance, 1 is perfect.",
            "correlation of actual and predicted classes (Matthews 1975, Gorodkin 2004)",
        ),
        Metric(
            "precision_micro",
            "Precision (micro)",
            "Given labels that are correct",
            "percent",
            "The share of predicted labels that are correct.",
            "TP / (TP + FP), counted over all labels",
        ),
        Metric(
            "recall_micro",
            "Recall (micro)",
            "Labels that are found",
            "percent",
            "The share of actual labels that are predicted.",
            "TP / (TP + FN), counted over all labels",
        ),
        Metric(
            "f1_micro",
            "F1 (micro)",
            "Found and correct labels",
            "percent",
            "The harmonic mean of micro precision and micro recall.",
            "2 TP / (2 TP + FP + FN), counted over all labels",
        ),
        Metric(
            "f1_samples",
            "F1 (per text)",
            "Found and correct labels, mean of texts",
            "percent",
            "The F1 of each text's labels, averaged over texts.",
            "mean over texts of 2 TP / (2 TP + FP + FN)",
        ),
        Metric(
            "subset_accuracy",
            "All labels correct",
            "Texts with every label correct",
            "percent",
            "The share of texts with every label correct.",
            "texts with every label correct / all texts",
        ),
        Metric(
            "hamming_loss",
            "Hamming loss",
            "Label decisions that are wrong",
            "percent",
            "The share of label decisions that are wrong.",
            "(FP + FN) / (texts × labels)",
            False,
        ),
        Metric(
            "top_3_accuracy",
            "Top-3 accuracy",
            "Label among the three most likely",
            "percent",
            "How often the label is among the three most likely.",
            "texts whose label is among the three most likely / all texts",
        ),
        Metric(
            "log_loss",
            "Log loss",
            "Penalty for confident mistakes",
            "number",
            "The penalty for a low probability of the correct class.",
            "mean of −ln(probability of the actual class)",
            False,
        ),
        Metric(
            "roc_auc",
            "ROC-AUC",
            "Texts with a label rank above others",
            "number",
            "How often a text with a label ranks above one without it.",
            "probability that a text with the label has a higher score than one without it",
        ),
        Metric(
            "average_precision",
            "PR-AUC (average precision)",
            "Correct texts at the top",
            "number",
            "The area under precision over recall.",
            "Σ (recall − recall before) × precision, over all thresholds",
        ),
        Metric(
            "mae",
            "Mean absolute error",
            "Mean error",
            "number",
            "The mean distance from the actual value.",
            "mean of |predicted − actual|",
            False,
        ),
        Metric(
            "rmse",
            "Root mean squared error",
            "Mean error, large ones count more",
            "number",
            "Like the mean error, but large errors count more.",
            "√ mean of (predicted − actual)²",
            False,
        ),
        Metric(
            "r2",
            "R²",
            "Variation explained",
            "number",
            "The share of variance explained: 0 is always predicting the mean, 1 is perfect.",
            "1 − Σ (actual − predicted)² / Σ (actual − mean)²",
        ),
        Metric(
            "spearman",
            "Rank correlation",
            "Order that agrees",
            "number",
            "How well the order of predicted and actual values agrees.",
            "correlation of the ranks of predicted and actual values (Spearman)",
        ),
    )
}

# The metric that stands for a run in lists.
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
