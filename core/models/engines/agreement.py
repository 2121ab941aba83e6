"""How far an engine's logits are from those of torch in float32: agreement of predictions, loss of score, close decisions."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.evaluation.decisions.predictions import make_predictions
from core.task import Floats, Task
from core.types import Targets

# Predicted values agree if they differ by at most this share of the standard deviation of all predicted values.
_VALUE_TOLERANCE = 0.05
# The share of rows whose margin may change by more than the limit below which decisions are checked.
_MARGIN_QUANTILE = 0.99
Booleans = npt.NDArray[np.bool_]


def agreement(task: Task, expected: Floats, logits: Floats) -> Booleans:
    """For each row, whether two sets of logits give the same prediction: class, set of labels, or nearly the same value."""
    if task.kind == "regression":
        tolerance = max(_VALUE_TOLERANCE * float(expected.std()), 1e-4)
        return np.asarray(np.abs(expected - logits)[:, 0] <= tolerance)
    same = make_predictions(task, expected).predicted == make_predictions(task, logits).predicted
    return np.asarray(same.all(axis=1) if task.kind == "multilabel" else same)


def score(task: Task, logits: Floats, targets: Targets) -> float:
    """Accuracy; micro-averaged F1 for several labels; R² for values. 1 is best."""
    predicted = make_predictions(task, logits).predicted
    if task.kind == "regression":
        spread = float(((targets - targets.mean()) ** 2).sum())
        return 1 - float(((targets - predicted) ** 2).sum()) / spread if spread else 0.0
    if task.kind == "multilabel":
        total = float(targets.sum() + predicted.sum())
        return 2 * float((targets * predicted).sum()) / total if total else 1.0
    return float((targets == predicted).mean())


def margins(task: Task, logits: Floats) -> Floats:
    """How clear each decision is, (n,): the lead of the first class over the second, or the least clear label's distance from 0.

    Regression decides nothing: its margins are infinite.
    """
    if task.kind == "regression":
        return np.full(len(logits), np.inf, dtype=np.float32)
    if task.kind == "multilabel":
        return np.asarray(np.abs(logits).min(axis=1))
    top = np.partition(logits, -2, axis=1)
    return np.asarray(top[:, -1] - top[:, -2])


@dataclass(frozen=True)
class CheckedDecisions:
    """What checking close decisions gives: the limit, agreement, score and the share of rows computed twice.

    ``logits`` are those of the checked engine; they and all shares come from limits fitted on the other half of the rows.
    """

    recheck_below: float
    logits: Floats
    share: float


def check_close_decisions(task: Task, expected: Floats, logits: Floats) -> CheckedDecisions:
    """The margin below which decisions must be checked so that nearly all agree, and its effect, by two-fold cross-fitting."""
    merged = logits.copy()
    checked = np.zeros(len(logits), dtype=bool)
    halves = np.arange(len(logits)) % 2
    for half in (0, 1):
        limit = _limit(task, expected[halves != half], logits[halves != half])
        checked |= (halves == half) & (margins(task, logits) < limit)
    merged[checked] = expected[checked]
    return CheckedDecisions(_limit(task, expected, logits), merged, float(checked.mean()))


def _limit(task: Task, expected: Floats, logits: Floats) -> float:
    lead = margins(task, logits)
    change = np.abs(lead - margins(task, expected))
    differ = ~agreement(task, expected, logits)
    usual = float(np.quantile(change, _MARGIN_QUANTILE)) if len(change) else 0.0
    return max(usual, float(np.nextafter(lead[differ].max(), np.float32(np.inf))) if differ.any() else 0.0)
