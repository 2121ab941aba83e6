"""How far an engine's logits are from those of torch in float32: agreement of decisions, loss of score, close decisions.

A decision is what the model's decision rule makes of the logits: with its thresholds, and with "not sure" where it abstains.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logit, logsumexp

from core.decision_rule import DecisionRule
from core.task import Floats, Task
from core.types import Targets

# Predicted values agree if they differ by at most this share of the standard deviation of all predicted values.
_VALUE_TOLERANCE = 0.05
# The share of rows whose margin may change by more than the limit below which decisions are checked.
_MARGIN_QUANTILE = 0.99
Booleans = npt.NDArray[np.bool_]


def agreement(task: Task, rule: DecisionRule, expected: Floats, logits: Floats) -> Booleans:
    """For each row, whether two sets of logits give the same decision: class or set of labels, and whether the model abstains.

    Predicted values need only be nearly the same.
    """
    if task.kind == "regression":
        tolerance = max(_VALUE_TOLERANCE * float(expected.std()), 1e-4)
        return np.asarray(np.abs(expected - logits)[:, 0] <= tolerance)
    ours, theirs = rule.apply(task, logits), rule.apply(task, expected)
    same = ours.predicted == theirs.predicted
    same = same.all(axis=1) if task.kind == "multilabel" else same
    return np.asarray(same & (ours.abstained == theirs.abstained))


def score(task: Task, rule: DecisionRule, logits: Floats, targets: Targets) -> float:
    """Accuracy; micro-averaged F1 for several labels; R² for values. 1 is best."""
    predicted = rule.apply(task, logits).predicted
    if task.kind == "regression":
        spread = float(((targets - targets.mean()) ** 2).sum())
        return 1 - float(((targets - predicted) ** 2).sum()) / spread if spread else 0.0
    if task.kind == "multilabel":
        total = float(targets.sum() + predicted.sum())
        return 2 * float((targets * predicted).sum()) / total if total else 1.0
    return float((targets == predicted).mean())


def margins(task: Task, rule: DecisionRule, logits: Floats) -> Floats:
    """How clear each decision is, (n,): the distance in log-odds from where a class, a label or "not sure" would change.

    Of several classes it is the lead of the first over the second. Regression decides nothing: its margins are infinite.
    """
    if task.kind == "regression":
        return np.full(len(logits), np.inf, dtype=np.float32)
    exact = logits.astype(np.float64)
    limits = logit(np.asarray(rule.thresholds or 0.5))
    if task.kind == "multilabel":
        positive = exact > limits
        clear = np.abs(exact - limits).min(axis=1)
        confidence = np.where(positive, exact, -exact).min(axis=1)
    else:
        predicted = rule.apply(task, logits).predicted
        if task.kind == "binary":
            clear = np.abs(exact[:, 1] - exact[:, 0] - limits)
        else:
            top = np.partition(exact, -2, axis=1)
            clear = top[:, -1] - top[:, -2]
        confidence = _log_odds(exact, predicted)
    if rule.abstain_below:
        clear = np.minimum(clear, np.abs(confidence - logit(rule.abstain_below)))
    return np.asarray(clear, dtype=np.float32)


def _log_odds(logits: npt.NDArray[np.float64], predicted: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The log-odds of the predicted class against all others, (n,)."""
    rows = np.arange(len(logits))
    others = logits.copy()
    others[rows, predicted] = -np.inf
    return np.asarray(logits[rows, predicted] - logsumexp(others, axis=1))


@dataclass(frozen=True)
class CheckedDecisions:
    """What checking close decisions gives: the limit, agreement, score and the share of rows computed twice.

    ``logits`` are those of the checked engine; they and all shares come from limits fitted on the other half of the rows.
    """

    recheck_below: float
    logits: Floats
    share: float


def check_close_decisions(task: Task, rule: DecisionRule, expected: Floats, logits: Floats) -> CheckedDecisions:
    """The margin below which decisions must be checked so that nearly all agree, and its effect, by two-fold cross-fitting."""
    merged = logits.copy()
    checked = np.zeros(len(logits), dtype=bool)
    halves = np.arange(len(logits)) % 2
    for half in (0, 1):
        limit = _limit(task, rule, expected[halves != half], logits[halves != half])
        checked |= (halves == half) & (margins(task, rule, logits) < limit)
    merged[checked] = expected[checked]
    return CheckedDecisions(_limit(task, rule, expected, logits), merged, float(checked.mean()))


def _limit(task: Task, rule: DecisionRule, expected: Floats, logits: Floats) -> float:
    lead = margins(task, rule, logits)
    change = np.abs(lead - margins(task, rule, expected))
    differ = ~agreement(task, rule, expected, logits)
    usual = float(np.quantile(change, _MARGIN_QUANTILE)) if len(change) else 0.0
    return max(usual, float(np.nextafter(lead[differ].max(), np.float32(np.inf))) if differ.any() else 0.0)
