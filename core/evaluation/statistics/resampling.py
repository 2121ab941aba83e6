"""Bootstrap resamples: of whole rows for any metric, and of class pairs for metrics that follow from counts.

**Why :func:`intervals_from_counts` is not the plain percentile bootstrap.** Small classes make the resampled macro-F1 lower
than the measured one, which is itself lower than the true one, and where no row or one row is wrong the resamples hardly
differ. Measured over 2 to 20 classes, balanced and skewed, with accuracies of 0.7 to 0.95, the plain bootstrap covers as
little as 80% at 200 rows and 91% at 1,000. Four corrections bring this to 93% or more at both for 2 to 5 classes
(``make bench ONLY=interval_coverage``) and 92% for 20 skewed classes at 200. No interval is valid for 50 rows of 20 classes, or
for classes of one or two rows: the mean then covers other classes than the true one.

1. Whole rows are drawn, not rows within each class, because the class frequencies are estimates too.
2. The resamples leave room for one more error than was seen, spread over all wrong predictions (as Wilson's interval does).
3. Half of the bias that the resamples show is subtracted (all of it overshoots where classes have two or three rows).
4. The variance is scaled by m / (m - 1) for classes of m rows, which corrects for measuring from each class's own mean. It is
   turned into an interval by Wilson's formula, with the number of rows of a proportion that would vary as much (the effective
   sample size of survey statistics).
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from core.evaluation.statistics.counts import CountMetric, Counts
from core.evaluation.statistics.intervals import UNKNOWN_INTERVAL, Interval, share_interval, variance_inflation
from core.task import Floats
from core.types import FloatArray, Targets

RESAMPLES = 2_000
# Many rows make an interval narrow, and fewer resamples then locate its ends: this is the limit on numbers drawn.
_MAX_DRAWN = 40_000_000
_MIN_RESAMPLES = 200
_CHUNK = 2_000_000
_EXTRA_ERRORS = 1.0


def intervals_from_counts(
    y_true: Targets, y_pred: Targets, classes: int, metrics: Mapping[str, CountMetric], seed: int = 0
) -> dict[str, Interval]:
    """Intervals of metrics between 0 and 1 that follow from counts; class numbers (n,).

    Draws 2,000 resamples of (actual, predicted) pairs. There are few distinct pairs, so the number of rows hardly matters.
    """
    rows = len(y_true)
    if rows < 2:
        return dict.fromkeys(metrics, UNKNOWN_INTERVAL)
    counts = Counts.from_classes(y_true, y_pred, classes)
    resampled = _resample_with_extra_errors(y_true, y_pred, classes, np.random.default_rng(seed))
    # The distribution that the resamples come from: the rows, and the extra errors at their expected places.
    extra = _EXTRA_ERRORS * counts.actual / rows
    expected = Counts(
        counts.correct, counts.actual + extra, counts.predicted + (extra.sum() - extra) / max(1, classes - 1)
    )
    inflation = variance_inflation(counts.actual)
    return {
        name: share_interval(float(metric(counts)), metric(resampled), float(metric(expected)), rows, inflation)
        for name, metric in metrics.items()
    }


def resample_rows(
    metrics: Callable[[Floats], dict[str, FloatArray]], rows: int, columns: int = 1, seed: int = 0
) -> dict[str, FloatArray]:
    """Metrics of resampled rows by name, each (resamples,).

    Args:
        metrics: computes metrics (resamples,) from how often each row was drawn (resamples, rows), for some resamples at a time.
        rows: the number of rows, one or more.
        columns: about how many numbers each row and resample takes; more columns give fewer resamples (2,000 to 200).
    """
    resamples = int(np.clip(_MAX_DRAWN // (rows * columns), _MIN_RESAMPLES, RESAMPLES))
    chunks = [metrics(weights) for weights in bootstrap_weights(rows, resamples, seed)]
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def bootstrap_weights(rows: int, resamples: int, seed: int = 0) -> Iterator[Floats]:
    """How often each row is drawn in each resample, (resamples, rows), in chunks that fit the processor's cache."""
    rng = np.random.default_rng(seed)
    size = max(1, _CHUNK // rows)
    for start in range(0, resamples, size):
        count = min(size, resamples - start)
        drawn = rng.integers(0, rows, (count, rows)) + rows * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * rows).reshape(count, rows).astype(np.float32)


def _resample_with_extra_errors(y_true: Targets, y_pred: Targets, classes: int, rng: np.random.Generator) -> Counts:
    """Counts of resamples, (resamples, classes), in each of which about one row is an error that was not seen."""
    rows = len(y_true)
    pairs, pair_counts = np.unique(y_true * classes + y_pred, return_counts=True)
    extra = rng.binomial(rows, _EXTRA_ERRORS / (rows + _EXTRA_ERRORS), size=RESAMPLES)
    weights = rng.multinomial(rows - extra, pair_counts / rows).astype(np.float32)
    one_hot = np.eye(classes, dtype=np.float32)
    counts = Counts.from_resamples(weights, one_hot[pairs // classes], one_hot[pairs % classes])
    resample = np.repeat(np.arange(RESAMPLES), extra)
    actual = rng.choice(y_true, size=len(resample))
    predicted = (actual + rng.integers(1, max(2, classes), size=len(resample))) % classes
    np.add.at(counts.actual, (resample, actual), 1)
    np.add.at(counts.predicted, (resample, predicted), 1)
    return counts
