"""How often the 95 % intervals of accuracy and macro-F1 hold the true value: models of known quality, 1,000 test sets each."""

import sys
from collections.abc import Iterator

import numpy as np

from core.evaluation.metrics.rate_intervals import LabelDecisions
from core.evaluation.statistics.intervals import wilson_interval
from core.types import FloatArray
from tests.benchmarks.common import Figure

_SETS = 1_000
_ROWS = (50, 200, 1_000)
_ACCURACIES = (0.7, 0.8, 0.9, 0.95)
_WANTED = 0.93


def interval_coverage() -> list[Figure]:
    """The lowest coverage over all models, for each number of rows; 50 rows are told, not asked for."""
    covered: dict[tuple[str, int], list[float]] = {}
    for rows in _ROWS:
        for name, model in _models():
            accurate, f1 = _coverage(model, rows)
            print(f"{rows} rows, {name}: accuracy {accurate:.3f}, macro-F1 {f1:.3f}", file=sys.stderr)
            covered.setdefault(("accuracy", rows), []).append(accurate)
            covered.setdefault(("f1_macro", rows), []).append(f1)
    how = f"lowest of {len(_ACCURACIES) * 3} models, {_SETS} test sets each; runs: each model's coverage and what is wanted"
    return [
        Figure(
            f"interval_coverage_{metric}_{rows}",
            min(shares),
            _WANTED,
            min(shares) / _WANTED,
            "share",
            [[share, _WANTED] for share in shares],
            how,
        )
        for (metric, rows), shares in covered.items()
    ]


def _models() -> Iterator[tuple[str, FloatArray]]:
    """Each model as the chance of each (actual, answered) pair, (k, k); classes even, or each twice as likely as the next."""
    for accuracy in _ACCURACIES:
        for classes, skew in ((2, 1.0), (3, 2.0), (5, 1.0)):
            shares = skew ** -np.arange(classes)
            # The farther two classes, the less they are taken for one another.
            apart = np.abs(np.subtract.outer(np.arange(classes), np.arange(classes)))
            wrong = np.where(apart > 0, 0.5**apart, 0)
            chances = (1 - accuracy) * wrong / wrong.sum(axis=1, keepdims=True) + accuracy * np.eye(classes)
            yield (
                f"accuracy {accuracy}, {classes} classes{', skewed' if skew > 1 else ''}",
                chances * (shares / shares.sum())[:, None],
            )


def _coverage(model: FloatArray, rows: int) -> tuple[float, float]:
    """Shares of the test sets whose intervals hold the true accuracy and the true macro-F1."""
    classes = len(model)
    rng = np.random.default_rng(rows)
    accuracy = float(np.trace(model))
    f1 = float((2 * np.diag(model) / (model.sum(axis=1) + model.sum(axis=0))).mean())
    one_hot = np.eye(classes, dtype=bool)
    hits = np.zeros(2)
    for _ in range(_SETS):
        cells = rng.choice(classes**2, size=rows, p=model.ravel())
        actual, answered = np.divmod(cells, classes)
        of_accuracy = wilson_interval(float((actual == answered).sum()), rows)
        of_f1 = LabelDecisions.from_indicators(one_hot[actual], one_hot[answered]).macro_interval("f1", f1)
        hits += [of_accuracy.low <= accuracy <= of_accuracy.high, of_f1.low <= f1 <= of_f1.high]
    return float(hits[0] / _SETS), float(hits[1] / _SETS)
