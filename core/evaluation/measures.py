"""Every measure of a model on some rows, with its 95 % interval, and a sentence why where there is no value.

Point values are scikit-learn's and scipy's; intervals come from :mod:`core.evaluation.intervals`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import log_softmax
from sklearn import metrics as sk

from core.evaluation import counts, intervals, metrics, ranking
from core.evaluation.counts import Counts, Targets, Values
from core.evaluation.intervals import UNKNOWN, Interval, wilson
from core.evaluation.thresholds import Thresholds, decide, probabilities
from core.task import Floats, Task

TITLES = metrics.TITLES | {
    "precision_micro": "Precision (micro)",
    "recall_micro": "Recall (micro)",
    "matthews": "Matthews correlation",
    "log_loss": "Log loss",
    "roc_auc": "ROC-AUC",
    "average_precision": "PR-AUC (average precision)",
    "top_3_accuracy": "Right among the first three",
}
# The smaller the better.
LOW_IS_GOOD = frozenset({"mae", "rmse", "hamming_loss", "log_loss"})
# Written as numbers. The others are shares, written in percent.
_NUMBERS = frozenset({"matthews", "spearman", "r2", "log_loss", "mae", "rmse", "roc_auc", "average_precision"})
_TOP = 3
# With fewer rows of a class, what it adds to a mean over the classes is not known well enough for its interval to hold.
_SURE_ROWS = 3
_MANY_CLASSES = 5
# Below this many rows the sentence says that there are only so many.
_FEW_ROWS = 1_000

_OF_CLASSES: dict[str, Callable[[Counts], Values]] = {
    "balanced_accuracy": counts.balanced_accuracy,
    "precision_macro": counts.macro(counts.precision),
    "recall_macro": counts.macro(counts.recall),
    "f1_macro": counts.macro(counts.f1),
    "precision_weighted": counts.weighted(counts.precision),
    "recall_weighted": counts.weighted(counts.recall),
    "f1_weighted": counts.weighted(counts.f1),
    # From -1..1 to 0..1, as a share has it.
    "matthews": lambda drawn: (counts.matthews(drawn) + 1) / 2,
}
_OF_LABELS: dict[str, Callable[[Counts], Values]] = {
    "precision_micro": counts.micro(counts.precision),
    "recall_micro": counts.micro(counts.recall),
    "f1_micro": counts.micro(counts.f1),
    "f1_macro": counts.macro_of_labels(counts.f1),
}


@dataclass(frozen=True)
class Measure:
    """A figure: ``value`` between ``low`` and ``high`` (95 %), from ``rows`` rows; NaN where undefined, and ``note`` says why."""

    name: str
    title: str
    value: float
    low: float
    high: float
    rows: int
    note: str = ""

    @property
    def is_share(self) -> bool:
        """Whether it is written in percent."""
        return self.name not in _NUMBERS


def measure(task: Task, targets: Targets, logits: Floats, thresholds: Thresholds | None = None) -> list[Measure]:
    """Every measure of the task, none without rows.

    Args:
        task: its kind says which measures there are.
        targets: as :meth:`Task.encode` gives them.
        logits: (n, outputs).
        thresholds: from which probability on labels are given (binary: the second class); 0.5 without.
    """
    if len(targets) == 0:
        return []
    if task.kind == "regression":
        return _of_numbers(targets.astype(np.float64), logits[:, 0].astype(np.float64))
    decided = decide(task, logits, thresholds)
    if task.kind == "multilabel":
        return _of_labels(task, targets.astype(int), decided.astype(int), logits)
    return _of_classes(task, targets, decided, logits)


def per_class(task: Task, targets: Targets, logits: Floats, thresholds: Thresholds | None = None) -> pd.DataFrame:
    """Each label: label, rows; precision, recall and f1, each with _low and _high; average_precision; note.

    Recall, F1 and average precision are NaN for a label without a row, precision for one that was never given; the note says
    so. F1 is 2 J / (1 + J) of the share J of right ones among all rows that carry the label or were given it, so that its
    interval follows from Wilson's.
    """
    decided = decide(task, logits, thresholds)
    wanted, given = _columns(task, targets), _columns(task, decided)
    scores = _scores(task, logits)
    return pd.DataFrame(
        [
            {"label": name}
            | _one_class(wanted[:, i], given[:, i])
            | {"average_precision": _average_precision(wanted[:, i], scores[:, i])}
            | {"note": _note(wanted[:, i], given[:, i])}
            for i, name in enumerate(task.labels)
        ]
    )


def sentence(found: Measure, split: str = "test") -> str:
    """How far to trust it: "between 84 and 93 %, because there are only 200 test rows"; its note where it is undefined."""
    if math.isnan(found.value):
        return found.note
    if math.isnan(found.low):
        return f"how far this may be off is unknown from {_rows(found.rows, split)}"
    why = "because there are only" if found.rows < _FEW_ROWS else "from"
    return f"between {_span(found)}, {why} {_rows(found.rows, split)}"


def _rows(count: int, split: str) -> str:
    return f"{count:,} {split} {'row' if count == 1 else 'rows'}"


def _span(found: Measure) -> str:
    """Both ends with as few digits as tell them apart; the ends of a share in percent."""
    factor, unit = (100, " %") if found.is_share else (1, "")
    low, high = factor * found.low, factor * found.high
    for digits in range(0 if unit else 2, 6):
        ends = f"{low:,.{digits}f}", f"{high:,.{digits}f}"
        if ends[0] != ends[1]:
            break
    return f"{ends[0]} and {ends[1]}{unit}"


def _made(name: str, value: float, interval: Interval, rows: int, note: str = "") -> Measure:
    return Measure(name, TITLES[name], value, interval.low, interval.high, rows, note)


def _of_classes(task: Task, targets: Targets, decided: Targets, logits: Floats) -> list[Measure]:
    rows = len(targets)
    values = metrics.of_decisions(task, targets, decided) | {"matthews": _matthews(targets, decided)}
    spans = intervals.from_counts(targets, decided, task.outputs, _OF_CLASSES)
    spans["matthews"] = Interval(*(2 * end - 1 for end in spans["matthews"]))
    right = wilson(float((targets == decided).sum()), rows)
    notes = _notes_of_classes(task, targets, decided)
    found = [_made("accuracy", values["accuracy"], right, rows)]
    found += [_made(name, values[name], spans[name], rows, notes.get(name, "")) for name in _OF_CLASSES]
    same = "Equals the accuracy, since each text has one class."
    found += [_made(f"{rate}_micro", values["accuracy"], right, rows, same) for rate in ("precision", "recall", "f1")]
    if task.outputs > _MANY_CLASSES:
        top = float(sk.top_k_accuracy_score(targets, logits, k=_TOP, labels=np.arange(task.outputs)))
        found.append(_made("top_3_accuracy", top, wilson(top * rows, rows), rows))
    return found + _log_loss(targets, logits) + _areas(task, targets, logits)


def _matthews(targets: Targets, decided: Targets) -> float:
    if len(np.unique(targets)) < 2 or len(np.unique(decided)) < 2:
        return math.nan
    return float(sk.matthews_corrcoef(targets, decided))


def _notes_of_classes(task: Task, targets: Targets, decided: Targets) -> dict[str, str]:
    """What must be said of averages: classes that do not occur or are never answered."""
    occurring, answered = np.unique(targets), np.unique(decided)
    notes: dict[str, str] = {}
    if never := [task.labels[i] for i in np.setdiff1d(occurring, answered)]:
        notes |= dict.fromkeys(
            ("precision_macro", "precision_weighted"), f"Never answered, so counted as 0: {_names(never)}."
        )
    if surplus := [task.labels[i] for i in np.setdiff1d(answered, occurring)]:
        notes["recall_macro"] = f"Answered without a row of it, so counted as 0: {_names(surplus)}."
    few = [task.labels[i] for i in range(task.outputs) if (targets == i).sum() < _SURE_ROWS]
    for name in ("balanced_accuracy", "precision_macro", "recall_macro", "f1_macro") if few else ():
        unsure = f"The interval may be too narrow: there are fewer than {_SURE_ROWS} rows of {_names(few)}."
        notes[name] = f"{notes.get(name, '')} {unsure}".strip()
    if len(occurring) < 2:
        notes["matthews"] = "Undefined: the rows are all of one class."
    elif len(answered) < 2:
        notes["matthews"] = "Undefined: all answers are the same class."
    return notes


def _names(labels: list[str], most: int = 3) -> str:
    return ", ".join(labels[:most]) + (f" and {len(labels) - most} more" if len(labels) > most else "")


def _log_loss(targets: Targets, logits: Floats) -> list[Measure]:
    """Mean of minus the natural logarithm of the probability of the right class."""
    # Clipped as scikit-learn clips it, so that one certain and wrong answer does not make the mean infinite.
    smallest = math.log(np.finfo(np.float64).eps)
    losses = -np.maximum(log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(targets)), targets], smallest)
    value, interval = _mean(losses)
    return [_made("log_loss", value, interval, len(targets))]


def _mean(of_rows: Values) -> tuple[float, Interval]:
    value = float(of_rows.mean())
    drawn = intervals.resample_rows(lambda weights: {"mean": weights @ of_rows / len(of_rows)}, len(of_rows))
    return value, intervals.percentiles(value, drawn["mean"], len(of_rows))


def _columns(task: Task, targets: Targets) -> npt.NDArray[np.bool_]:
    """Whether a row carries each label, (n, k)."""
    return np.asarray(targets > 0.5 if task.kind == "multilabel" else targets[:, None] == np.arange(task.outputs))


def _scores(task: Task, logits: Floats) -> Values:
    """Probabilities in float64, (n, k)."""
    scores = (
        probabilities(task, logits) if task.kind != "multiclass" else np.exp(log_softmax(logits.astype(float), axis=1))
    )
    return np.hstack([1 - scores, scores]) if task.kind == "binary" else scores


def _areas(task: Task, targets: Targets, logits: Floats) -> list[Measure]:
    """ROC-AUC and average precision: of the second of two classes, else the plain mean over the labels that have both sides."""
    wanted, scores = _columns(task, targets), _scores(task, logits)
    if task.kind == "binary":
        wanted, scores = wanted[:, 1:], scores[:, 1:]
    rows, carrying = len(wanted), wanted.sum(axis=0)
    ranked = np.flatnonzero((carrying > 0) & (carrying < rows))
    note = f"Of the class {task.labels[1]}." if task.kind == "binary" else _left_out(task, ranked)
    if len(ranked) == 0:
        why = "Undefined: no label has both rows that carry it and rows that do not."
        return [_made(name, math.nan, UNKNOWN, rows, why) for name in ("roc_auc", "average_precision")]
    wanted, scores = wanted[:, ranked], scores[:, ranked]
    columns = range(len(ranked))
    values = {
        "roc_auc": float(np.mean([sk.roc_auc_score(wanted[:, i], scores[:, i]) for i in columns])),
        "average_precision": float(np.mean([_average_precision(wanted[:, i], scores[:, i]) for i in columns])),
    }
    drawn = intervals.resample_rows(lambda weights: _drawn_areas(weights, wanted, scores), rows, 2 * len(ranked))
    # Where the order is perfect the resamples do not differ; the rows of the smaller side are then all there is to go by.
    smaller = np.minimum(carrying, rows - carrying)[ranked].astype(np.float64)
    least, lost = min(float(smaller.sum()), rows), intervals.lost_variance(smaller)
    return [
        _made(name, value, intervals.around_share(value, drawn[name], value, least, lost), rows, note)
        for name, value in values.items()
    ]


def _left_out(task: Task, ranked: npt.NDArray[np.intp]) -> str:
    missing = [name for i, name in enumerate(task.labels) if i not in set(ranked.tolist())]
    return f"Left out, since all rows or none are of it: {_names(missing)}." if missing else ""


def _drawn_areas(weights: ranking.Weights, wanted: npt.NDArray[np.bool_], scores: Values) -> dict[str, Values]:
    areas = [ranking.areas(weights, wanted[:, i], scores[:, i]) for i in range(wanted.shape[1])]
    return {
        name: _mean_of_defined(np.asarray(part))
        for name, part in zip(("roc_auc", "average_precision"), zip(*areas, strict=True), strict=True)
    }


def _mean_of_defined(values: Values) -> Values:
    """Mean over the labels (first axis) that are defined in each resample; NaN where none is."""
    defined = np.isfinite(values)
    number = defined.sum(axis=0)
    total = np.where(defined, values, 0).sum(axis=0)
    result: Values = np.divide(total, number, out=np.full(total.shape, np.nan), where=number > 0)
    return result


def _average_precision(wanted: npt.NDArray[np.bool_], scores: Values) -> float:
    return float(sk.average_precision_score(wanted, scores)) if wanted.any() else math.nan


def _one_class(wanted: npt.NDArray[np.bool_], given: npt.NDArray[np.bool_]) -> dict[str, float]:
    right, rows, answers = float((wanted & given).sum()), float(wanted.sum()), float(given.sum())
    either = float((wanted | given).sum())
    # Where a label has no row its F1 is as undefined as its recall.
    joint = wilson(right, either) if rows else UNKNOWN
    figures = {
        "precision": (right / answers if answers else math.nan, wilson(right, answers)),
        "recall": (right / rows if rows else math.nan, wilson(right, rows)),
        "f1": (2 * right / (rows + answers) if rows else math.nan, Interval(*(2 * j / (1 + j) for j in joint))),
    }
    found: dict[str, float] = {"rows": int(rows)}
    for name, (value, interval) in figures.items():
        found |= {name: value, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return found


def _note(wanted: npt.NDArray[np.bool_], given: npt.NDArray[np.bool_]) -> str:
    if not wanted.any():
        return "No row of this class." + ("" if given.any() else " It was never answered either.")
    return "" if given.any() else "Never answered, so its precision is undefined."


def _of_labels(task: Task, targets: Targets, decided: Targets, logits: Floats) -> list[Measure]:
    rows = len(targets)
    values, notes = metrics.of_decisions(task, targets, decided), _notes_of_labels(task, targets, decided)
    for name, score in {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}.items():
        values[f"{name}_micro"] = float(score(targets, decided, average="micro", zero_division=np.nan))
    drawn = intervals.resample_rows(lambda weights: _drawn_labels(weights, targets, decided), rows, task.outputs)
    carried = targets.sum(axis=0).astype(np.float64)
    found = []
    for name in (*_OF_LABELS, "f1_samples", "hamming_loss"):
        # Where no resample differs: as sure as so many labels, or texts, allow.
        least = max(1.0, float(carried.sum())) if name in _OF_LABELS else rows
        lost = intervals.lost_variance(carried) if name == "f1_macro" else 1.0
        span = intervals.around_share(values[name], drawn[name], values[name], least, lost)
        found.append(_made(name, values[name], span, rows, notes.get(name, "")))
    whole = values["subset_accuracy"]
    found.insert(-1, _made("subset_accuracy", whole, wilson(whole * rows, rows), rows))
    return found + _areas(task, targets, logits)


def _notes_of_labels(task: Task, targets: Targets, decided: Targets) -> dict[str, str]:
    notes = {}
    if not decided.any():
        notes["precision_micro"] = "Undefined: no label was given to any row."
    if not targets.any():
        notes["recall_micro"] = "Undefined: no row carries a label."
    if len(notes) == 2:
        notes["f1_micro"] = "Undefined: no row carries a label and none was given one."
    if absent := [name for i, name in enumerate(task.labels) if not (targets[:, i].any() or decided[:, i].any())]:
        notes["f1_macro"] = f"Without a row and never given, so counted as 0: {_names(absent)}."
    return notes


def _drawn_labels(weights: ranking.Weights, targets: Targets, decided: Targets) -> dict[str, Values]:
    parts = [targets * decided, targets, decided]
    drawn = Counts(*(np.asarray(weights @ part.astype(np.float32), dtype=np.float64) for part in parts))
    rows = len(targets)
    shared, either = 2 * (targets * decided).sum(axis=1), targets.sum(axis=1) + decided.sum(axis=1)
    of_texts = np.divide(shared, either, out=np.ones(rows), where=either > 0)
    wrong = (targets != decided).mean(axis=1)
    return {name: statistic(drawn) for name, statistic in _OF_LABELS.items()} | {
        "f1_samples": weights @ of_texts / rows,
        "hamming_loss": weights @ wrong / rows,
    }


def _of_numbers(targets: Values, predicted: Values) -> list[Measure]:
    rows = len(targets)
    values = metrics.summarise(Task("regression", ()), targets, predicted[:, None].astype(np.float64))
    drawn = intervals.resample_rows(lambda weights: _drawn_numbers(weights, targets, predicted), rows, 6)
    notes = _notes_of_numbers(targets, predicted)
    return [
        _made(name, value, intervals.percentiles(value, drawn[name], rows), rows, notes.get(name, ""))
        for name, value in values.items()
    ]


def _drawn_numbers(weights: ranking.Weights, targets: Values, predicted: Values) -> dict[str, Values]:
    rows, errors = len(targets), predicted - targets
    # Around the mean, so that large numbers with a small spread lose nothing.
    centred = targets - targets.mean()
    squares = weights @ errors**2 / rows
    spread = weights @ centred**2 / rows - (weights @ centred / rows) ** 2
    return {
        "mae": weights @ np.abs(errors) / rows,
        "rmse": np.sqrt(squares),
        "r2": 1
        - np.divide(squares, spread, out=np.full(len(squares), np.nan), where=spread > 1e-12 * np.ptp(targets) ** 2),
        "spearman": ranking.rank_correlation(weights, targets, predicted),
    }


def _notes_of_numbers(targets: Values, predicted: Values) -> dict[str, str]:
    if len(targets) < 2:
        return dict.fromkeys(("r2", "spearman"), "Undefined: there is only one row.")
    if np.ptp(targets) == 0:
        return dict.fromkeys(("r2", "spearman"), "Undefined: all rows have the same number.")
    return {"spearman": "Undefined: all predictions are the same number."} if np.ptp(predicted) == 0 else {}
