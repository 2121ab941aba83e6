"""Calibration: whether predictions with a probability of 0.9 are correct nine times in ten, and temperature scaling.

The functions take the probability of each prediction and whether it is correct, as :func:`confidence_and_correct` gives them:
of the predicted class, (n,), or for multi-label tasks of each label, (n, k).
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, softmax
from scipy.stats import binom

from core.evaluation.statistics.intervals import UNKNOWN_INTERVAL, Interval, percentile_interval
from core.evaluation.statistics.rates import share_interval
from core.evaluation.statistics.resampling import resample_rows
from core.evaluation.statistics.units import Units, count_units, number_units, sum_by_unit
from core.task import Floats, Task
from core.types import BoolArray, FloatArray, IndexArray, Targets

BINS = 15
# A bin with fewer predictions says little about its accuracy.
_MIN_BIN_SIZE = 10
# Beyond these limits all predictions are alike, or all certain; without a mistake the optimum is a temperature of 0.
MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0
# Of the logarithm of the temperature: most models need one between 0.5 and 2.
PRIOR_DEVIATION = 0.3


def confidence_and_correct(
    task: Task, y_true: Targets, logits: Floats, temperature: float = 1.0
) -> tuple[FloatArray, BoolArray]:
    """The probability of each prediction and whether it is correct, (n,); for multi-label tasks of each label, (n, k).

    Raises:
        ValueError: the task is regression.
    """
    if task.kind == "regression":
        raise ValueError("A predicted number has no probability.")
    scaled = logits.astype(np.float64) / temperature
    if task.kind == "multilabel":
        return np.asarray(expit(scaled)), np.asarray(y_true > 0.5)
    probabilities = softmax(scaled, axis=1)
    return np.asarray(probabilities.max(axis=1)), np.asarray(probabilities.argmax(axis=1) == y_true)


def calibration_curve(
    confidence: FloatArray, correct: BoolArray, bins: int = BINS, units: Units = None
) -> pd.DataFrame:
    """Bins of equal size by probability: low, high, confidence (mean), share (correct), share_low, share_high, rows.

    Also chance_low and chance_high, between which a calibrated model's share lies in 95% of cases (consistency bars, Broecker and
    Smith 2007). Equal probabilities share a bin, so there may be fewer bins. Each has about ten predictions or more. Rows of one
    unit (n,) count once in the intervals.
    """
    flat_confidence, flat_correct = confidence.ravel(), correct.ravel()
    # The labels of a row depend on one another as well, but only rows of one unit are known to err alike.
    flat_units = None if units is None else np.repeat(units, confidence.size // len(confidence))
    bin_numbers = _assign_bins(flat_confidence, _affordable_bins(bins, units))
    lines = []
    for number in range(int(bin_numbers.max(initial=-1)) + 1):
        in_bin = bin_numbers == number
        values, hits = flat_confidence[in_bin], flat_correct[in_bin]
        bin_units = None if flat_units is None else flat_units[in_bin]
        independent = count_units(len(hits), bin_units)
        interval = share_interval(hits, bin_units)
        chance = binom.interval(0.95, independent, min(max(float(values.mean()), 0.0), 1.0))
        shares = [end / independent for end in chance]
        lines.append((values.min(), values.max(), values.mean(), hits.mean(), *interval, *shares, len(hits)))
    columns = ["low", "high", "confidence", "share", "share_low", "share_high", "chance_low", "chance_high", "rows"]
    return pd.DataFrame(lines, columns=columns)


def calibration_error(
    confidence: FloatArray, correct: BoolArray, bins: int = BINS, units: Units = None
) -> tuple[float, Interval]:
    """The calibration error over bins of equal size, with its interval; NaN without predictions.

    It is the root of the mean squared distance between a bin's probability and its accuracy, less the part of it that comes from
    the luck of the rows (the debiased estimator of Kumar et al. 2019). So it is about 0 for a calibrated model, while the plain
    expected calibration error (Naeini et al. 2015) is above 0 for every model, the more so the fewer rows there are. With units
    (n,) of rows that depend on one another, this luck is that of whole units.
    """
    if confidence.size == 0:
        return float("nan"), UNKNOWN_INTERVAL
    members, gaps = _bin_sums(confidence, correct, _affordable_bins(bins, units), number_units(units))
    parts = (members > 0, members, gaps, members**2, members * gaps, gaps**2)

    def squared_error(weights: Floats) -> FloatArray:
        drawn, counts, sums, *products = (weights @ np.asarray(part, dtype=np.float32) for part in parts)
        means = sums / np.maximum(counts, 1e-9)
        # The variance of the mean of each bin, from the sums of its units.
        spread = np.maximum(products[2] - 2 * means * products[1] + means**2 * products[0], 0)
        variances = spread / np.maximum(counts, 1e-9) ** 2 * drawn / np.maximum(drawn - 1, 1)
        # All of the distance of a single unit may be luck.
        variances = np.where(drawn > 1, variances, means**2)
        return np.asarray((counts * (means**2 - variances)).sum(axis=1) / counts.sum(axis=1))

    value = float(squared_error(np.ones((1, len(members)), dtype=np.float32))[0])
    resampled = resample_rows(lambda w: {"error": squared_error(w)}, len(members), 6 * members.shape[1])["error"]
    # Drawing rows again adds the luck of the rows a second time: what the resamples exceed the value by is subtracted.
    interval = percentile_interval(value, resampled - (resampled.mean() - value), len(members))
    return _signless_root(value), Interval(*(_signless_root(end) for end in interval))


def _signless_root(squared: float) -> float:
    """The root, 0 for negative estimates of a square; NaN stays NaN."""
    return float(np.sqrt(np.maximum(squared, 0.0)))


def fit_temperature(task: Task, y_true: Targets, logits: Floats) -> float:
    """The temperature that logits are divided by to calibrate probabilities (Guo 2017), fitted on validation rows.

    Above 1 the model is overconfident. It changes no prediction, and is 1 without rows. It minimizes the total
    :func:`negative_log_likelihood` plus a penalty that draws its logarithm toward 0 (a normal prior of standard deviation 0.3).
    Without the penalty, ten rows without a mistake give the lowest temperature that is allowed, as Platt (1999) found for his
    scaling. On 10 to 100 rows of calibrated models the log loss of new rows grows by at most 0.02 on average; from a few hundred
    rows on, the penalty hardly matters (``make bench ONLY=evaluation_honesty``).

    Raises:
        ValueError: the task is regression.
    """
    return _minimize_temperature(task, y_true, logits, None, 1 / (2 * PRIOR_DEVIATION**2))


def best_temperature(task: Task, y_true: Targets, logits: Floats, weights: FloatArray | None = None) -> float:
    """The temperature with the lowest :func:`negative_log_likelihood` of these rows, weighted by row if asked; 1 without rows.

    It compares models apart from their confidence; :func:`fit_temperature` is the one for new rows.

    Raises:
        ValueError: the task is regression.
    """
    return _minimize_temperature(task, y_true, logits, weights, 0.0)


def _minimize_temperature(
    task: Task, y_true: Targets, logits: Floats, weights: FloatArray | None, penalty: float
) -> float:
    if task.kind == "regression":
        raise ValueError("A predicted number has no probability.")
    if len(y_true) == 0:
        return 1.0
    exact = logits.astype(np.float64)
    per_row = penalty / len(y_true)
    optimum = minimize_scalar(
        lambda log_t: negative_log_likelihood(task, y_true, exact / np.exp(log_t), weights) + per_row * log_t**2,
        bounds=(np.log(MIN_TEMPERATURE), np.log(MAX_TEMPERATURE)),
        method="bounded",
    )
    improved = optimum.fun < negative_log_likelihood(task, y_true, exact, weights)
    return float(np.exp(optimum.x)) if improved else 1.0


def negative_log_likelihood(
    task: Task, y_true: Targets, logits: npt.NDArray[np.floating], weights: FloatArray | None = None
) -> float:
    """The mean negative log-likelihood in nats over rows (multi-label: over rows and labels), weighted by row if asked."""
    if task.kind == "multilabel":
        losses = np.logaddexp(0, np.where(y_true > 0.5, -logits, logits)).mean(axis=1)
    else:
        losses = -log_softmax(logits, axis=1)[np.arange(len(y_true)), y_true]
    return float(np.average(losses, weights=weights))


def _affordable_bins(bins: int, units: Units) -> int:
    """The number of bins with about ten units or more; rows that are units of their own are counted by :func:`_assign_bins`."""
    return bins if units is None else max(1, min(bins, count_units(len(units), units) // _MIN_BIN_SIZE))


def _assign_bins(confidence: FloatArray, bins: int) -> IndexArray:
    """The bin of each prediction, (n,), numbered without gaps; equal probabilities share a bin."""
    count = max(1, min(bins, confidence.size // _MIN_BIN_SIZE))
    ordered = np.sort(confidence)
    edges = ordered[(np.arange(1, count) * confidence.size) // count] if confidence.size else ordered
    return np.unique(np.searchsorted(np.unique(edges), confidence, side="right"), return_inverse=True)[1]


def _bin_sums(confidence: FloatArray, correct: BoolArray, bins: int, units: Units) -> tuple[FloatArray, FloatArray]:
    """What each unit adds to each bin's count, and to its sum of confidence minus correctness, each (units, bins)."""
    bin_numbers = _assign_bins(confidence.ravel(), bins).reshape(len(confidence), -1)
    gaps = (confidence - correct).reshape(bin_numbers.shape)
    rows = np.arange(len(gaps))[:, None]
    members, sums = (np.zeros((len(gaps), int(bin_numbers.max()) + 1)) for _ in range(2))
    np.add.at(members, (rows, bin_numbers), 1.0)
    np.add.at(sums, (rows, bin_numbers), gaps)
    return sum_by_unit(members, units), sum_by_unit(sums, units)
