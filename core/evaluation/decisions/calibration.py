"""Whether a probability of 0.9 means right nine times in ten: reliability bins, calibration error, temperature scaling.

What is looked at is the probability of each answer and whether it was right (:func:`answers`): of the answered class, or, with
any number of labels, of each label and whether the row carries it. Shapes: (n,), or (n, k) with k labels.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax, softmax

from core.evaluation.statistics.counts import Targets, Values
from core.evaluation.statistics.intervals import UNKNOWN_INTERVAL, Interval, percentiles, resample_rows, wilson
from core.task import Floats, Task

BINS = 15
# A bin of fewer answers says little about its share of right ones.
_ROWS_A_BIN = 10
# Beyond these the answers are all alike, or all certain; a set without a mistake would ask for a temperature of 0.
_COLDEST, _HOTTEST = 0.05, 20.0
_SIMULATIONS = 200
Right = npt.NDArray[np.bool_]


def answers(task: Task, targets: Targets, logits: Floats, temperature: float = 1.0) -> tuple[Values, Right]:
    """The probability of each answer and whether it is right; (n,) each, or (n, k) for any number of labels.

    Raises:
        ValueError: the task is to predict a number, which has no probability.
    """
    if task.kind == "regression":
        raise ValueError("A predicted number has no probability.")
    scaled = logits.astype(np.float64) / temperature
    if task.kind == "multilabel":
        return np.asarray(expit(scaled)), np.asarray(targets > 0.5)
    probabilities = softmax(scaled, axis=1)
    return np.asarray(probabilities.max(axis=1)), np.asarray(probabilities.argmax(axis=1) == targets)


def reliability(confidence: Values, right: Right, bins: int = BINS) -> pd.DataFrame:
    """Bins of about equally many answers, by probability: low, high, confidence, share (right), share_low, share_high, rows.

    Equal probabilities share a bin, so there may be fewer bins; each holds about ten answers or more.
    """
    flat, hits = confidence.ravel(), right.ravel()
    which = _bins(flat, bins)
    rows = []
    for each in range(int(which.max(initial=-1)) + 1):
        inside, count = hits[which == each], int((which == each).sum())
        span = wilson(float(inside.sum()), count)
        mine = flat[which == each]
        rows.append((mine.min(), mine.max(), mine.mean(), inside.mean(), span.low, span.high, count))
    return pd.DataFrame(rows, columns=["low", "high", "confidence", "share", "share_low", "share_high", "rows"])


def ece(confidence: Values, right: Right, bins: int = BINS) -> tuple[float, Interval]:
    """Expected calibration error (Naeini 2015) over bins of equal size, with its interval; NaN without answers.

    It is the mean distance between a bin's probability and its share of right answers. Resampling adds noise to every bin
    and with it to the error, so what the resamples exceed the measured error by is taken off the interval.
    """
    if confidence.size == 0:
        return float("nan"), UNKNOWN_INTERVAL
    gaps = _gaps(confidence, right, bins)
    value = float(np.abs(gaps.sum(axis=0)).sum() / confidence.size)
    drawn = resample_rows(
        lambda weights: {"ece": np.abs(weights @ gaps).sum(axis=1) / confidence.size}, len(gaps), gaps.shape[1]
    )["ece"]
    found = percentiles(value, drawn - (drawn.mean() - value), len(gaps))
    return value, found if np.isnan(found.low) else Interval(max(0.0, found.low), found.high)


def expected_ece(confidence: Values, bins: int = BINS, seed: int = 0) -> float:
    """The calibration error that chance alone gives: the mean over answers that are right as often as their probability says.

    An :func:`ece` about as large as this is no sign of bad calibration. NaN without answers.
    """
    if confidence.size == 0:
        return float("nan")
    rng = np.random.default_rng(seed)
    flat = confidence.ravel()
    which = _bins(flat, bins)
    starts = np.flatnonzero(np.diff(np.sort(which), prepend=-1))
    flat = flat[np.argsort(which, kind="stable")]
    errors = [
        np.abs(np.add.reduceat(flat - (rng.random(flat.size) < flat), starts)).sum() / flat.size
        for _ in range(_SIMULATIONS)
    ]
    return float(np.mean(errors))


def fit_temperature(task: Task, targets: Targets, logits: Floats, weights: Values | None = None) -> float:
    """The number to divide logits by so that probabilities mean what they say (Guo 2017), fitted on validation rows.

    Above 1 the model was too sure of itself. It minimises the :func:`loss`, changes no answer of a classifier, and lies between
    0.05 and 20. 1 without rows.

    Raises:
        ValueError: the task is to predict a number.
    """
    if task.kind == "regression":
        raise ValueError("A predicted number has no probability.")
    if len(targets) == 0:
        return 1.0
    exact = logits.astype(np.float64)
    found = minimize_scalar(
        lambda log_t: loss(task, targets, exact / np.exp(log_t), weights),
        bounds=(np.log(_COLDEST), np.log(_HOTTEST)),
        method="bounded",
    )
    return float(np.exp(found.x)) if found.fun < loss(task, targets, exact, weights) else 1.0


def loss(task: Task, targets: Targets, logits: npt.NDArray[np.floating], weights: Values | None = None) -> float:
    """Negative log-likelihood in nats of a row of a classifier, or a row and label: the mean, weighted by row if asked."""
    if task.kind == "multilabel":
        each = np.logaddexp(0, np.where(targets > 0.5, -logits, logits)).mean(axis=1)
    else:
        each = -log_softmax(logits, axis=1)[np.arange(len(targets)), targets]
    return float(np.average(each, weights=weights))


def _bins(flat: Values, bins: int) -> npt.NDArray[np.intp]:
    """The bin of each answer, (n,), numbered without gaps; equal probabilities share one."""
    number = max(1, min(bins, flat.size // _ROWS_A_BIN))
    ordered = np.sort(flat)
    edges = ordered[(np.arange(1, number) * flat.size) // number] if flat.size else ordered
    return np.unique(np.searchsorted(np.unique(edges), flat, side="right"), return_inverse=True)[1]


def _gaps(confidence: Values, right: Right, bins: int) -> Values:
    """What each row adds to the distance of each bin, (n, bins)."""
    which = _bins(confidence.ravel(), bins).reshape(len(confidence), -1)
    gaps = np.zeros((len(confidence), int(which.max()) + 1))
    distance = (confidence - right).reshape(which.shape)
    np.add.at(gaps, (np.arange(len(gaps))[:, None], which), distance)
    return gaps
