"""How good a model is and how sure that is, in sentences."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from core.formatting import pluralize
from core.reports.verdict.evidence import FEW_ROWS, Evidence
from core.reports.verdict.wording import about, between, format_size, quote
from core.task import TaskKind

# A range of at least this width is worth more rows.
_WIDE = 0.08
_THIN_LABEL = 10
_FREQUENT = 0.8
# The metric whose range the headline gives.
_MAIN_METRIC: Final[dict[TaskKind, str]] = {
    "binary": "accuracy",
    "multiclass": "accuracy",
    "multilabel": "recall_micro",
    "regression": "mae",
}


@dataclass(frozen=True)
class Quality:
    """How good a model is: a headline, then more sentences. ``beats_constant`` is None where nothing was measured."""

    headline: str
    sentences: tuple[str, ...] = ()
    beats_constant: bool | None = None


def describe_quality(evidence: Evidence) -> Quality:
    """How good the model is on the rows, and whether it is better than one answer for every text."""
    if not evidence.rows:
        return _unknown_quality(evidence)
    if evidence.task.kind == "regression":
        return _regression_quality(evidence)
    return _multilabel_quality(evidence) if evidence.task.kind == "multilabel" else _one_label_quality(evidence)


def accuracy_headline(accuracy: float, texts: str) -> str:
    """An accuracy in words; ``texts`` is the number of texts: "80 test texts"."""
    whole = f" of the {texts}" if accuracy in (0, 1) else " texts"
    return f"It labels {about(accuracy)}{whole} correctly."


def accuracy_range(accuracy: float, low: float, high: float) -> str:
    """The interval of an accuracy in words."""
    return f"On other texts of this kind, most likely {between(low, high, accuracy)}."


def _unknown_quality(evidence: Evidence) -> Quality:
    if evidence.imported and evidence.predictions is None:
        return Quality("How good this model is, is not known.", ("It was imported without its predictions.",))
    return Quality("How good this model is, is not known.", (f"There are no {evidence.split} rows to measure it on.",))


def _one_label_quality(evidence: Evidence) -> Quality:
    accuracy, predictions = evidence.metrics["accuracy"], evidence.known
    frequent = evidence.most_frequent
    is_frequent = predictions.targets == frequent
    constant = float(is_frequent.mean())
    headline = accuracy_headline(accuracy.value, pluralize(evidence.rows, f"{evidence.split} text"))
    sentences = [accuracy_range(accuracy.value, accuracy.low, accuracy.high)] if not math.isnan(accuracy.low) else []
    name = quote(evidence.task.labels[frequent])
    if constant == 1:
        sentences.append(f"All of these texts are {name}.")
    elif constant:
        sentences.append(f"Always answering {name} would be right for {about(constant)} texts.")
    if _FREQUENT <= constant < 1:
        others = float(predictions.correct[~is_frequent].mean())
        sentences.append(f"Of the texts with another label, it labels {about(others)} correctly.")
    balanced = evidence.metrics.get("balanced_accuracy")
    chance = 1 / len(np.unique(predictions.targets))
    beats = accuracy.low > constant or (balanced is not None and balanced.low > chance)
    return Quality(headline, tuple(sentences), beats)


def _multilabel_quality(evidence: Evidence) -> Quality:
    precision, recall = evidence.metrics["precision_micro"], evidence.metrics["recall_micro"]
    all_right = evidence.metrics["subset_accuracy"]
    if math.isnan(recall.value):
        return Quality("How good this model is, is not known.", ("None of these texts has a label.",))
    if not evidence.known.predictions.predicted.any():
        return Quality(
            "It gives no label to any of these texts.",
            (f"They have {pluralize(int(evidence.known.targets.sum()), 'label')} in truth.",),
            False,
        )
    given = f"Of the labels it gives, {about(precision.value)} are correct."
    headline = f"It finds {about(recall.value)} labels of these texts. {given}"
    sentences = []
    if not math.isnan(recall.low + precision.low):
        sentences.append(
            f"On other texts of this kind, it most likely finds {between(recall.low, recall.high, recall.value)} labels. "
            f"Of the labels it gives, {between(precision.low, precision.high, precision.value)} are most likely correct."
        )
    sentences.append(f"Every label of a text is correct for {about(all_right.value)} texts.")
    actual = evidence.known.targets
    constant = float((~actual.any(axis=1)).mean())
    return Quality(headline, tuple(sentences), all_right.low > constant or evidence.metrics["f1_micro"].low > 0.1)


def _regression_quality(evidence: Evidence) -> Quality:
    mae, actual = evidence.metrics["mae"], evidence.known.targets.astype(float)
    constant = float(np.abs(actual - evidence.train_mean).mean())
    between_ends = ""
    if not math.isnan(mae.low):
        between_ends = f"most likely between {format_size(mae.low)} and {format_size(mae.high)}"
    sentences = [
        *([f"On other texts of this kind, {between_ends}."] if between_ends else []),
        f"Always predicting the mean, {format_size(evidence.train_mean)}, would be off by {format_size(constant)}. "
        f"The actual values go from {format_size(actual.min())} to {format_size(actual.max())}.",
    ]
    return Quality(
        f"Its predictions are off by about {format_size(mae.value)} on average.", tuple(sentences), mae.high < constant
    )


def describe_certainty(evidence: Evidence) -> list[str]:
    """How sure the figures are, and what is not known."""
    sentences = _describe_rows(evidence) if evidence.rows else []
    if evidence.imported and evidence.rows:
        sentences.append("The predictions came with the imported file. They were not made on this machine.")
    if evidence.rows and evidence.task.labels:
        sentences += _describe_thin_labels(evidence)
    return [
        *sentences,
        "Not known: how it does on texts from another source, in another language or from another time.",
    ]


def _describe_rows(evidence: Evidence) -> list[str]:
    rows = pluralize(evidence.rows, f"{evidence.split} row")
    only = "only " if evidence.rows < FEW_ROWS else ""
    sentences = [f"Measured on {only}{rows}, which the model was not trained on."]
    if evidence.split == "validation":
        sentences = [
            f"Measured on {only}{rows}. The best version of the model was chosen on them, so its scores are {evidence.optimism}."
        ]
    if evidence.rows < FEW_ROWS:
        sentences.append("That is a first impression: so few rows prove little.")
    main = evidence.metrics[_MAIN_METRIC[evidence.task.kind]]
    if 0 < main.units < evidence.rows:
        groups = pluralize(main.units, "group")
        sentences.append(f"They form {groups} of texts that belong together, and each group counts once.")
    if not main.is_trusted:
        sentences.append(main.note)
    elif main.name != "mae" and main.high - main.low >= _WIDE:
        sentences.append(f"With {4 * evidence.rows:,} rows, the range would be about half as wide.")
    return sentences


def _describe_thin_labels(evidence: Evidence) -> list[str]:
    counts = dict(zip(evidence.labels["label"], evidence.labels["rows"], strict=True))
    missing = [label for label, rows in counts.items() if rows == 0]
    thin = [label for label, rows in counts.items() if 0 < rows < _THIN_LABEL]
    sentences = []
    if len(missing) == 1:
        sentences.append(f"There are no rows of {quote(missing[0])}, so nothing is known about it.")
    elif missing:
        sentences.append(
            f"There are no rows of {len(missing)} of {len(counts)} labels, so nothing is known about them."
        )
    if len(thin) == 1:
        sentences.append(
            f"There {'is' if counts[thin[0]] == 1 else 'are'} only {pluralize(counts[thin[0]], 'row')} of {quote(thin[0])}, "
            "so little is known about it."
        )
    elif thin:
        sentences.append(
            f"{len(thin)} of {len(counts)} labels have fewer than {_THIN_LABEL} rows, so little is known about each of them."
        )
    return sentences
