"""Find rows whose label is probably wrong: the label disagrees with out-of-fold predictions of a linear model.

Confident learning (Northcutt et al. 2021): a row is suspected if the probability of another label is at least the mean
probability that this label has in the rows that carry it. Rows are ranked by the probability of the best other label minus
the probability of their own label.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold
from threadpoolctl import threadpool_limits

from core.task import Floats

Targets = npt.NDArray[Any]
FOLDS = 5
_C = 0.03
_MAX_ITERATIONS = 200


@dataclass(frozen=True)
class LabelIssues:
    """For each row (n,): a score (larger is worse), the predicted label or value, and whether the label is suspected."""

    score: Floats
    predicted: Targets
    suspected: npt.NDArray[np.bool_]


def find_label_issues_classification(
    features: Floats, targets: npt.NDArray[np.int64], classes: int, seed: int, on_fold: Callable[[int], None]
) -> LabelIssues:
    """The label issues of a single-label task: features (n, d), targets (n,). ``on_fold`` is called after each fold."""
    probabilities = out_of_fold_probabilities(features, targets, classes, seed, on_fold)
    rows = np.arange(len(targets))
    own = probabilities[rows, targets]
    thresholds = np.asarray(
        [own[targets == label].mean() if (targets == label).any() else 1.1 for label in range(classes)]
    )
    others = probabilities.copy()
    others[rows, targets] = -1.0
    best_other = others.max(axis=1)
    suspected = (others >= thresholds).any(axis=1) & (best_other > own)
    return LabelIssues(best_other - own, np.where(best_other > own, others.argmax(axis=1), targets), suspected)


def find_label_issues_regression(
    features: Floats, targets: Floats, seed: int, on_fold: Callable[[int], None]
) -> LabelIssues:
    """The label issues of a regression task: the score is the distance from an out-of-fold ridge regression.

    A row is suspected if its distance is more than three standard deviations above the mean distance.
    """
    predicted = np.zeros(len(targets), dtype=np.float32)
    scaled = features / (float(features.std()) or 1.0)
    folds = KFold(min(FOLDS, len(targets)), shuffle=True, random_state=seed)
    for number, (train, test) in enumerate(folds.split(scaled), start=1):
        predicted[test] = Ridge(alpha=1 / _C).fit(scaled[train], targets[train]).predict(scaled[test])
        on_fold(number)
    distance = np.abs(predicted - targets)
    return LabelIssues(distance, predicted, distance > 3 * float(distance.std()) + float(distance.mean()))


def out_of_fold_probabilities(
    features: Floats, targets: npt.NDArray[np.int64], classes: int, seed: int, on_fold: Callable[[int], None]
) -> Floats:
    """The class probabilities (n, classes) of each row, from a model that was not fitted on it."""
    probabilities = np.zeros((len(targets), classes), dtype=np.float32)
    scaled = features / (float(features.std()) or 1.0)
    smallest = int(np.bincount(targets)[np.unique(targets)].min())
    # A class with fewer rows than folds cannot be in every fold.
    folds = (StratifiedKFold if smallest >= FOLDS else KFold)(FOLDS, shuffle=True, random_state=seed)
    with threadpool_limits(limits=1, user_api="blas"):
        for number, (train, test) in enumerate(folds.split(scaled, targets), start=1):
            present = np.unique(targets[train])
            model = LogisticRegression(C=_C, max_iter=_MAX_ITERATIONS, tol=1e-3).fit(scaled[train], targets[train])
            probabilities[np.ix_(test, present)] = model.predict_proba(scaled[test])
            on_fold(number)
    return probabilities
