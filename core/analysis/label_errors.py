"""Find rows whose label is probably wrong: the label disagrees with out-of-fold predictions of a linear model.

Rows that depend on one another (equal texts, near-duplicates, the same group) are in one fold: a model that has seen the same
wrong text elsewhere would confirm its label.

Confident learning (Northcutt et al. 2021): a row is suspected if the probability of another label is at least the mean
probability that this label has in the rows that carry it. Rows are ranked by the probability of the best other label minus
the probability of their own label.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold
from threadpoolctl import threadpool_limits

from core.task import Floats
from core.types import IndexArray

Targets = npt.NDArray[Any]
FOLDS = 5
_C = 0.03
_MAX_ITERATIONS = 200


@dataclass(frozen=True)
class Folds:
    """How rows are divided for out-of-fold predictions: the unit of each row (n,), the seed, and a call after each fold."""

    units: npt.NDArray[np.int64]
    seed: int
    on_fold: Callable[[int], None]

    def divide(self, strata: Targets | None = None) -> Iterator[tuple[IndexArray, IndexArray]]:
        """The training and held-out rows of each fold, stratified by the first row of each unit."""
        first = np.unique(self.units, return_index=True)[1]
        unit = np.unique(self.units, return_inverse=True)[1]
        classes = np.zeros(len(first)) if strata is None else strata[first]
        # A class with fewer units than folds cannot be in every fold.
        stratified = strata is not None and np.unique(classes, return_counts=True)[1].min() >= FOLDS
        splitter = StratifiedKFold if stratified else KFold
        folds = splitter(min(FOLDS, len(first)), shuffle=True, random_state=self.seed).split(first, classes)
        for number, (_, held_out) in enumerate(folds, start=1):
            inside = np.isin(unit, held_out)
            yield np.flatnonzero(~inside), np.flatnonzero(inside)
            self.on_fold(number)


@dataclass(frozen=True)
class LabelIssues:
    """For each row (n,): a score (larger is worse), the predicted label or value, and whether the label is suspected."""

    score: Floats
    predicted: Targets
    suspected: npt.NDArray[np.bool_]


def find_label_issues_classification(
    features: Floats, targets: npt.NDArray[np.int64], classes: int, folds: Folds
) -> LabelIssues:
    """The label issues of a single-label task: features (n, d), targets (n,)."""
    probabilities = out_of_fold_probabilities(features, targets, classes, folds)
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


def find_label_issues_regression(features: Floats, targets: Floats, folds: Folds) -> LabelIssues:
    """The label issues of a regression task: the score is the distance from an out-of-fold ridge regression.

    A row is suspected if its distance is more than three standard deviations above the mean distance.
    """
    predicted = np.zeros(len(targets), dtype=np.float32)
    scaled = features / (float(features.std()) or 1.0)
    for train, test in folds.divide():
        predicted[test] = Ridge(alpha=1 / _C).fit(scaled[train], targets[train]).predict(scaled[test])
    distance = np.abs(predicted - targets)
    return LabelIssues(distance, predicted, distance > 3 * float(distance.std()) + float(distance.mean()))


def out_of_fold_probabilities(features: Floats, targets: npt.NDArray[np.int64], classes: int, folds: Folds) -> Floats:
    """The class probabilities (n, classes) of each row, from a model that was not fitted on it."""
    probabilities = np.zeros((len(targets), classes), dtype=np.float32)
    scaled = features / (float(features.std()) or 1.0)
    with threadpool_limits(limits=1, user_api="blas"):
        for train, test in folds.divide(targets):
            present = np.unique(targets[train])
            model = LogisticRegression(C=_C, max_iter=_MAX_ITERATIONS, tol=1e-3).fit(scaled[train], targets[train])
            probabilities[np.ix_(test, present)] = model.predict_proba(scaled[test])
    return probabilities
