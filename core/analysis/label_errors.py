"""Rows whose label is likely wrong: out-of-fold answers of a linear model on frozen features disagree with what is written.

Confident learning (Northcutt et al. 2021): a row is suspected where another label's probability is at least the mean that this
label has among its own rows. Rows are ranked by their margin, the probability of the given label less that of the best other.
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
_STRENGTH = 0.03
_MAX_ITERATIONS = 200


@dataclass(frozen=True)
class LabelIssues:
    """For each row (n,): how wrong its label looks (larger is worse), what the model says instead, whether it is suspected."""

    score: Floats
    answer: Targets
    suspected: npt.NDArray[np.bool_]

    def ranking(self) -> npt.NDArray[np.int64]:
        """Row positions, the likeliest error first."""
        return np.argsort(-self.score, kind="stable")


def find_label_issues_classification(
    features: Floats, targets: npt.NDArray[np.int64], classes: int, seed: int, on_fold: Callable[[int], None]
) -> LabelIssues:
    """Suspicion for one label a row; features (n, d), targets (n,) below ``classes``. ``on_fold`` hears of each fold done."""
    probabilities = out_of_fold(features, targets, classes, seed, on_fold)
    given = probabilities[np.arange(len(targets)), targets]
    thresholds = np.asarray(
        [given[targets == label].mean() if (targets == label).any() else 1.1 for label in range(classes)]
    )
    others = probabilities.copy()
    others[np.arange(len(targets)), targets] = -1.0
    answer = others.argmax(axis=1)
    best = others.max(axis=1)
    suspected = (others >= thresholds).any(axis=1) & (best > given)
    return LabelIssues(best - given, np.where(best > given, answer, targets), suspected)


def find_label_issues_regression(
    features: Floats, targets: Floats, seed: int, on_fold: Callable[[int], None]
) -> LabelIssues:
    """Suspicion for scores: the distance from an out-of-fold ridge regression; suspected beyond three deviations."""
    predicted = np.zeros(len(targets), dtype=np.float32)
    scale = float(features.std()) or 1.0
    for number, (train, rest) in enumerate(
        KFold(min(FOLDS, len(targets)), shuffle=True, random_state=seed).split(features)
    ):
        predicted[rest] = (
            Ridge(alpha=1 / _STRENGTH).fit(features[train] / scale, targets[train]).predict(features[rest] / scale)
        )
        on_fold(number + 1)
    distance = np.abs(predicted - targets)
    return LabelIssues(distance, predicted, distance > 3 * float(distance.std()) + float(distance.mean()))


def out_of_fold(
    features: Floats, targets: npt.NDArray[np.int64], classes: int, seed: int, on_fold: Callable[[int], None]
) -> Floats:
    """Class probabilities (n, classes) of each row from a model that was fitted without it."""
    probabilities = np.zeros((len(targets), classes), dtype=np.float32)
    scaled = features / (float(features.std()) or 1.0)
    smallest = int(np.bincount(targets)[np.unique(targets)].min())
    # A class with fewer rows than folds cannot be in all of them.
    folds = (StratifiedKFold if smallest >= FOLDS else KFold)(FOLDS, shuffle=True, random_state=seed)
    with threadpool_limits(limits=1, user_api="blas"):
        for number, (train, rest) in enumerate(folds.split(scaled, targets)):
            known = np.unique(targets[train])
            model = LogisticRegression(C=_STRENGTH, max_iter=_MAX_ITERATIONS, tol=1e-3).fit(
                scaled[train], targets[train]
            )
            probabilities[np.ix_(rest, known)] = model.predict_proba(scaled[rest])
            on_fold(number + 1)
    return probabilities
