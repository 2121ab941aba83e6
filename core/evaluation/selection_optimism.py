"""How much the validation score of a chosen model flatters, because it was chosen as the best of several on the same rows."""

from collections.abc import Sequence

import numpy as np
from scipy.special import log_expit, log_softmax
from scipy.stats import norm

from core.evaluation.decisions.calibration import best_temperature
from core.evaluation.decisions.one_vs_rest import label_indicators
from core.evaluation.decisions.predictions import make_predictions
from core.evaluation.statistics import counts
from core.evaluation.statistics.counts import Counts
from core.evaluation.statistics.resampling import bootstrap_weights
from core.task import Floats, Task
from core.types import FloatArray, Targets

# Many rows, candidates and labels take long, and fewer resamples are then enough.
_MAX_RESAMPLES, _MIN_RESAMPLES, _MAX_NUMBERS = 500, 50, 200_000_000


def selection_optimism(
    task: Task, y_true: Targets, candidates: Sequence[Floats], weights: FloatArray | None = None
) -> float | None:
    """By how much F1 (macro, or micro for multi-label tasks) of the best candidate exceeds that on new rows; None if unknown.

    The rows are resampled; in each resample the best candidate is chosen by the selection loss and measured on the rows that
    were not drawn, beside the candidate that is best on all rows. The mean difference is the optimism (the bootstrap bias
    correction of Tsamardinos et al. 2018, for the bias that Tibshirani and Tibshirani 2009 describe). It is unknown for
    regression and for fewer than two candidates or ten rows.

    Args:
        task: the task of the candidates.
        y_true: the targets of the validation rows.
        candidates: the logits (n, outputs) of each candidate for these rows.
        weights: the weight of each class in the selection loss, (outputs,); None weighs each row the same.
    """
    if task.kind == "regression" or len(candidates) < 2 or len(y_true) < 10:
        return None
    row_weights = np.ones(len(y_true)) if weights is None or not task.one_label else weights[y_true]
    losses = np.stack([row_weights * _row_losses(task, y_true, logits, row_weights) for logits in candidates], axis=1)
    chosen = int(losses.sum(axis=0).argmin())
    numbers = len(y_true) * task.outputs * len(candidates)
    resamples = int(np.clip(_MAX_NUMBERS // numbers, _MIN_RESAMPLES, _MAX_RESAMPLES))
    differences = []
    for drawn in bootstrap_weights(len(y_true), resamples):
        left_out = np.asarray(drawn == 0, dtype=np.float32)
        scores = np.stack([_scores(task, y_true, logits, left_out) for logits in candidates], axis=1)
        best = (drawn @ losses).argmin(axis=1)
        differences.append(scores[:, chosen] - scores[np.arange(len(best)), best])
    return max(0.0, float(np.mean(np.concatenate(differences))))


def search_optimism(scores: Sequence[float], rows: int) -> float | None:
    """By how much the best of several scores, shares such as F1, exceeds that on new rows because it was the luckiest.

    The best of k equally good trials exceeds their mean by the expected largest of k normal deviates (Blom 1958) times what one
    trial's score varies by chance on these validation rows. Two trials share half of that variance, as they err on the same
    difficult rows. It is at most what the best exceeds the mean of all trials by. None for fewer than two scores or ten rows, and
    for scores that are no shares.
    """
    best = max(scores, default=-1.0)
    if len(scores) < 2 or rows < 10 or not 0 <= best <= 1:
        return None
    largest = float(norm.ppf((len(scores) - 0.375) / (len(scores) + 0.25)))
    mean = float(np.mean(scores))
    deviation = np.sqrt(max(mean * (1 - mean), 0.0) / rows / 2)
    return float(min(largest * deviation, best - mean))


def _row_losses(task: Task, y_true: Targets, logits: Floats, row_weights: FloatArray) -> FloatArray:
    """The log loss of each row at the candidate's best temperature, (n,)."""
    usable = row_weights if row_weights.any() else None
    scaled = logits.astype(np.float64) / best_temperature(task, y_true, logits, usable if task.one_label else None)
    if task.kind == "multilabel":
        return np.asarray(-log_expit(np.where(y_true > 0.5, scaled, -scaled)).mean(axis=1))
    return np.asarray(-log_softmax(scaled, axis=1)[np.arange(len(y_true)), y_true])


def _scores(task: Task, y_true: Targets, logits: Floats, weights: Floats) -> FloatArray:
    """F1 of one candidate on weighted rows, (resamples,)."""
    average = counts.micro if task.kind == "multilabel" else counts.macro
    predicted = label_indicators(task, make_predictions(task, logits).predicted)
    return average(counts.f1)(Counts.from_resamples(weights, label_indicators(task, y_true), predicted))
