"""Answering only where the model is sure: how right it is then, how much it leaves open, and from which confidence on."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from core.errors import ConfigError
from core.evaluation.statistics.counts import Values
from core.evaluation.statistics.intervals import Interval, wilson

_POINTS = 200
_EDGE = 1e-9
Right = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SelectiveResult:
    """What comes of answering from ``threshold`` on: how many of ``rows`` are answered, the share of right ones, its interval."""

    threshold: float
    rows: int
    answered: int
    accuracy: float
    low: float
    high: float
    note: str = ""

    @property
    def share(self) -> float:
        """The share of rows that are answered; NaN without rows."""
        return self.answered / self.rows if self.rows else math.nan


def risk_coverage(confidence: Values, right: Right) -> pd.DataFrame:
    """Answering ever more, the surest first: threshold, coverage (share answered), risk (share of wrong ones among them), rows.

    One row a distinct confidence, thinned to 200; confidence and right (n,).
    """
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    ends = np.flatnonzero(np.append(np.diff(ordered) != 0, True)) if len(ordered) else np.empty(0, dtype=int)
    if len(ends) > _POINTS:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, _POINTS).round().astype(int))]
    wrong = np.cumsum(~right[order])[ends]
    rows = ends + 1
    return pd.DataFrame(
        {"threshold": ordered[ends], "coverage": rows / max(1, len(right)), "risk": wrong / rows, "rows": rows}
    )


def risk_coverage_auc(confidence: Values, right: Right) -> float:
    """Area under the risk-coverage curve: the mean risk when the 1, 2, ... n surest are answered (Geifman 2019); NaN if none.

    0 is perfect; a confidence that knows nothing gives the share of wrong answers. Rows of equal confidence come in no order,
    so each of them counts as wrong as they are on average.
    """
    if len(right) == 0:
        return math.nan
    _, group, sizes = np.unique(-confidence, return_inverse=True, return_counts=True)
    wrong = np.bincount(group, weights=~right) / sizes
    return float(np.mean(np.cumsum(np.repeat(wrong, sizes)) / np.arange(1, len(right) + 1)))


def choose_threshold(confidence: Values, right: Right, target: float) -> SelectiveResult:
    """From which confidence on to answer, so that ``target`` of the answers are right; chosen on validation rows (n,).

    The lowest cut at which the *counted* accuracy reaches the target would be chosen by luck: the best of many noisy cuts.
    So the chance of being right is first fitted as a logistic curve of the confidence's log-odds (Platt 1999), whose mean
    over the answered rows falls smoothly with the cut. ``low`` and ``high`` are for the accuracy on as many *new* rows; they
    reckon with both the luck of these rows and of the new ones.

    Raises:
        ConfigError: the target is not a share between 0 and 1.
    """
    if not 0 < target < 1:
        raise ConfigError(f"A wanted accuracy lies between 0 and 1, found {target}.", "Type a share such as 0.95.")
    rows = len(right)
    if rows == 0:
        return SelectiveResult(math.inf, 0, 0, math.nan, math.nan, math.nan, "There are no rows to choose on.")
    smooth = _cut(confidence, right, _logistic(confidence, right), target)
    if smooth is None or smooth.low <= target <= smooth.high or (smooth.threshold == 0 and smooth.accuracy > target):
        found = smooth
    else:
        # So many rows that they show the curve to be of another shape: any that rises.
        found = _cut(confidence, right, _isotonic(confidence, right), target)
    if found is None:
        note = f"Even the surest answers are not right {target:.0%} of the time."
        return SelectiveResult(math.inf, rows, 0, math.nan, math.nan, math.nan, note)
    return answered(confidence, right, found.threshold, chosen_on=found.answered)


def answered(confidence: Values, right: Right, threshold: float, chosen_on: int | None = None) -> SelectiveResult:
    """What a threshold gives on rows (n,): those at least that sure are answered.

    Args:
        confidence: how sure each answer is.
        right: whether it is right.
        threshold: as :func:`choose_threshold` chose it.
        chosen_on: how many rows were answered where it was chosen. With it the interval also has room for the luck of that
            choice, so that it says how far from the target such a threshold may land; without, it is Wilson's.
    """
    hits = right[confidence >= threshold]
    count = len(hits)
    effective = count if chosen_on is None else count * chosen_on / max(1, count + chosen_on)
    accuracy = float(hits.mean()) if count else math.nan
    span = wilson(accuracy * effective, effective) if count else Interval(math.nan, math.nan)
    return SelectiveResult(threshold, len(right), count, accuracy, *span, "" if count else "No row is answered.")


def _cut(confidence: Values, right: Right, chances: Values, target: float) -> SelectiveResult | None:
    """The lowest cut above which the chances are ``target`` on average, None without one."""
    order = np.argsort(-confidence, kind="stable")
    ordered = confidence[order]
    # A cut lies between two confidences that differ.
    cuts = np.flatnonzero(np.append(np.diff(ordered) != 0, True))
    reached = cuts[np.cumsum(chances[order])[cuts] / (cuts + 1) >= target]
    if len(reached) == 0:
        return None
    last = int(reached[-1])
    return answered(confidence, right, float(ordered[last]) if last + 1 < len(right) else 0.0)


def _logistic(confidence: Values, right: Right) -> Values:
    """The chance of each answer to be right, (n,), if it follows a logistic curve; the same for all where it does not rise."""
    overall = np.full(len(right), float(np.mean(right)))
    odds = logit(np.clip(confidence.astype(np.float64), _EDGE, 1 - _EDGE))[:, None]
    if right.all() or not right.any() or np.ptp(odds) == 0:
        return overall
    odds = (odds - odds.mean()) / odds.std()
    fitted = LogisticRegression(C=1e6).fit(odds, right)
    return np.asarray(fitted.predict_proba(odds)[:, 1]) if fitted.coef_[0, 0] > 0 else overall


def _isotonic(confidence: Values, right: Right) -> Values:
    """The chance of each answer to be right, (n,), if all that is known is that it rises with the confidence."""
    return np.asarray(IsotonicRegression().fit_transform(confidence, right.astype(np.float64)))
