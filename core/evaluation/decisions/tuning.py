"""Decisions tuned on validation rows, in the same way for every model: calibrated probabilities, then thresholds."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, softmax

from core.evaluation.decisions.bias_correction import BiasCorrection, fit_bias_correction
from core.task import Floats, Task
from core.types import BoolArray, FloatArray, IndexArray, Targets

# How strongly rare classes are favored: 0 predicts the most probable class, 1 weighs all classes alike.
_PRIOR_POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
_FOLDS = 5
_EDGE = 1e-6


@dataclass(frozen=True)
class TunedDecisions:
    """Calibrated probabilities of a classifier, and the offset (outputs,) of its logits that gives the best decisions."""

    calibration: BiasCorrection
    offset: FloatArray

    def calibrated(self, logits: Floats) -> Floats:
        """Logits (n, outputs) of calibrated probabilities."""
        return np.asarray(self.calibration.apply(logits), dtype=np.float32)

    def decided(self, logits: Floats) -> Floats:
        """Logits (n, outputs) whose most probable class (or labels above one half) are the tuned decisions."""
        return np.asarray(self.calibration.apply(logits) + self.offset, dtype=np.float32)


def tune_decisions(task: Task, y_true: Targets, logits: Floats) -> TunedDecisions:
    """The decisions of a classifier with the highest expected F1 on validation rows: macro, or micro for multi-label tasks.

    F1 is that which the calibrated probabilities promise, not the counted one: the best of many counted values is lucky, most of
    all where a class is rare. With calibrated probabilities the best threshold is half of the best F1 (Lipton et al. 2014).

    Raises:
        ValueError: the task is regression.
    """
    calibration = fit_bias_correction(task, y_true, logits)
    calibrated = calibration.apply(logits)
    if len(calibrated) == 0:
        return TunedDecisions(calibration, np.zeros(task.outputs))
    if task.kind == "multilabel":
        threshold = _best_micro_threshold(expit(calibrated))
        return TunedDecisions(calibration, np.full(task.outputs, -logit(threshold)))
    probabilities = softmax(calibrated, axis=1)
    if task.kind == "binary":
        threshold = _best_macro_threshold(probabilities[:, 1])
        return TunedDecisions(calibration, np.asarray([0.0, -logit(threshold)]))
    priors = np.log(np.maximum(probabilities.mean(axis=0), _EDGE))
    offsets = [-power * priors for power in _PRIOR_POWERS]
    best = max(offsets, key=lambda offset: expected_macro_f1(probabilities, (calibrated + offset).argmax(axis=1)))
    return TunedDecisions(calibration, best)


def cross_tuned(task: Task, y_true: Targets, logits: Floats) -> tuple[Floats, Floats]:
    """The calibrated and the decided logits of validation rows, each (n, outputs), by decisions tuned on other rows."""
    calibrated, decided = np.array(logits, dtype=np.float32), np.array(logits, dtype=np.float32)
    for fold in fold_numbers(task, y_true):
        tuned = tune_decisions(task, y_true[~fold], logits[~fold])
        calibrated[fold], decided[fold] = tuned.calibrated(logits[fold]), tuned.decided(logits[fold])
    return calibrated, decided


def fold_numbers(task: Task, y_true: Targets) -> list[BoolArray]:
    """Masks (n,) of the rows of each of five folds, in which each class has its share; fewer folds where there are few rows."""
    rows = len(y_true)
    order = np.random.default_rng(0).permutation(rows)
    if task.one_label:
        order = order[np.argsort(y_true[order], kind="stable")]
    numbers = np.empty(rows, dtype=np.intp)
    numbers[order] = np.arange(rows) % _FOLDS
    return [numbers == fold for fold in range(min(_FOLDS, rows))]


def expected_macro_f1(probabilities: FloatArray, predicted: IndexArray) -> float:
    """The macro-F1 of predictions (n,) if each row has each class with its probability (n, k)."""
    chosen = np.eye(probabilities.shape[1])[predicted]
    return float((2 * (chosen * probabilities).sum(axis=0) / (chosen + probabilities).sum(axis=0)).mean())


def _best_macro_threshold(probabilities: FloatArray) -> float:
    """The threshold of the second class's probability (n,) with the highest expected macro-F1."""
    descending = np.sort(probabilities)[::-1]
    rows, total = len(descending), float(descending.sum())
    predicted = np.arange(rows + 1)
    correct = np.concatenate([[0.0], np.cumsum(descending)])
    positive = 2 * correct / (predicted + total)
    # Of the rows below the threshold, those that do not have the class are correct.
    negative = 2 * (rows - predicted - (total - correct)) / (2 * rows - predicted - total)
    return _threshold_after(descending, int(np.argmax(positive + negative)))


def _best_micro_threshold(probabilities: FloatArray) -> float:
    """The threshold of all labels' probabilities (n, k) with the highest expected micro-F1."""
    descending = np.sort(probabilities, axis=None)[::-1]
    correct = np.concatenate([[0.0], np.cumsum(descending)])
    return _threshold_after(descending, int(np.argmax(2 * correct / (np.arange(len(correct)) + correct[-1]))))


def _threshold_after(descending: FloatArray, count: int) -> float:
    """The threshold that lets the first ``count`` probabilities through, halfway to the next one."""
    ends = np.concatenate([[1.0], descending, [0.0]])
    return float(np.clip((ends[count] + ends[count + 1]) / 2, _EDGE, 1 - _EDGE))
