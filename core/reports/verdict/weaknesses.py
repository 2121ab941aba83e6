"""Where a model fails, in sentences: its weakest label, its most frequent mistake, its confident mistakes."""

import numpy as np
import pandas as pd

from core.formatting import pluralize
from core.reports.verdict.evidence import FEW_ROWS, Evidence
from core.reports.verdict.wording import format_size, quote

# The score of a label with fewer rows says little.
_MIN_ROWS = 5
CONFIDENT = 0.9
# How much larger the errors of a third of the values are where it is worth a sentence.
_NOTABLE = 1.2


def describe_weaknesses(evidence: Evidence) -> list[str]:
    """Where the model fails on the evaluated rows; empty without rows."""
    if not evidence.rows:
        return []
    if evidence.task.kind == "regression":
        return _largest_errors(evidence)
    if evidence.known.correct.all():
        return ["It makes no mistakes on these rows."]
    sentences = _weakest_label(evidence)
    sentences += (
        _most_frequent_omission(evidence) if evidence.task.kind == "multilabel" else _largest_confusion(evidence)
    )
    return sentences + _confident_mistakes(evidence)


def weakest_label(evidence: Evidence) -> pd.Series | None:
    """The line of :func:`core.evaluation.metrics.per_class.per_class` with the lowest F1 among the labels with enough rows."""
    enough = evidence.labels[evidence.labels["rows"] >= _MIN_ROWS].dropna(subset=["f1"])
    return enough.sort_values("f1", kind="stable").iloc[0] if len(enough) else None


def _weakest_label(evidence: Evidence) -> list[str]:
    weakest = weakest_label(evidence)
    if weakest is None or weakest["f1"] == 1:
        return []
    given = _times_predicted(evidence, weakest["label"])
    found = round(weakest["recall"] * weakest["rows"])
    start = f"The weakest label is {quote(weakest['label'])}: it finds {found:,} of {pluralize(weakest['rows'], 'text')} with it"
    if not given:
        return [f"{start}, because it never predicts this label."]
    return [
        f"{start}. {found:,} of the {pluralize(given, 'text')} that it gives this label {'has' if found == 1 else 'have'} it."
    ]


def _times_predicted(evidence: Evidence, label: str) -> int:
    position, predicted = evidence.task.labels.index(label), evidence.known.predictions.predicted
    return int(predicted[:, position].sum() if predicted.ndim == 2 else (predicted == position).sum())


def _largest_confusion(evidence: Evidence) -> list[str]:
    wrong = evidence.confusion.copy()
    np.fill_diagonal(wrong, 0)
    actual, predicted = np.unravel_index(int(wrong.argmax()), wrong.shape)
    labels = evidence.task.labels
    rows = pluralize(int(evidence.confusion[actual].sum()), "text")
    return [
        f"The most frequent mistake is {quote(labels[actual])} predicted as {quote(labels[predicted])}: "
        f"{int(wrong[actual, predicted]):,} of {rows}."
    ]


def _most_frequent_omission(evidence: Evidence) -> list[str]:
    actual = evidence.known.targets.astype(bool)
    predicted = evidence.known.predictions.predicted.astype(bool)
    missed, extra = (actual & ~predicted).sum(axis=0), (predicted & ~actual).sum(axis=0)
    labels = evidence.task.labels
    if missed.max() >= extra.max():
        texts = pluralize(int(missed.max()), "text")
        return [f"The most frequent mistake is a missing label: {quote(labels[int(missed.argmax())])}, in {texts}."]
    texts = pluralize(int(extra.max()), "text")
    return [f"The most frequent mistake is a label too many: {quote(labels[int(extra.argmax())])}, in {texts}."]


def _confident_mistakes(evidence: Evidence) -> list[str]:
    wrong = ~evidence.known.correct
    confident = int((wrong & (evidence.known.predictions.confidence >= CONFIDENT)).sum())
    if not confident:
        return []
    return [
        f"{confident:,} of its {pluralize(int(wrong.sum()), 'mistake')} {'was' if confident == 1 else 'were'} made with a "
        f"confidence of {CONFIDENT:.0%} or more."
    ]


def _largest_errors(evidence: Evidence) -> list[str]:
    errors, actual = evidence.errors, evidence.known.targets.astype(float)
    largest = int(errors.argmax())
    sentences = []
    if evidence.rows >= FEW_ROWS:
        thirds = np.array_split(np.argsort(actual, kind="stable"), 3)
        means = [float(errors[third].mean()) for third in thirds]
        worst = int(np.argmax(means))
        rest = float(np.delete(errors, thirds[worst]).mean())
        where = ("lowest", "middle", "highest")[worst]
        if means[worst] >= _NOTABLE * rest:
            ends = actual[thirds[worst]]
            sentences.append(
                f"It does worst on the {where} third of the values ({format_size(ends.min())} to {format_size(ends.max())}): "
                f"off by {format_size(means[worst])} on average, {format_size(rest)} elsewhere."
            )
    predicted = float(evidence.known.logits[largest, 0])
    sentences.append(
        f"The largest error: {format_size(predicted)} predicted, {format_size(float(actual[largest]))} in truth."
    )
    return sentences
