"""Baselines that a model must beat: the majority class, and TF-IDF with a linear model. Both give logits."""

import itertools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import logit
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from threadpoolctl import threadpool_limits

from core.evaluation.decisions.selection import selection_loss
from core.task import Floats, Task
from core.types import FloatArray, Targets

NAMES = ("majority", "tfidf")
# Inverse regularization strengths to choose from on validation, for normalized TF-IDF rows.
_C_VALUES = (0.3, 3.0, 30.0)
# The settings are compared on at most this many training rows; the best one is then fitted on all.
_COMPARED_ROWS = 3_000
# Of long texts, character n-grams are taken from the beginning.
_MAX_CHARACTERS = 1_000
# Above this many characters times outputs, fitting with character n-grams takes minutes.
_MAX_CHARACTER_WORK = 8_000_000
# In smaller training sets, n-grams that occur in one text are kept.
_FEW_ROWS = 1_000
_MAX_ITERATIONS = 100
_FLOOR = 1e-9


@dataclass(frozen=True)
class LabeledRows:
    """Texts with their targets, in the form of :meth:`Task.encode`."""

    texts: Sequence[str]
    targets: Targets


def majority(task: Task, train_targets: Targets, rows: int) -> Floats:
    """The class frequencies (or the mean value) of the training set as logits for every text, (rows, outputs)."""
    if task.kind == "regression":
        outputs = np.asarray([train_targets.mean()])
    elif task.kind == "multilabel":
        outputs = _log_odds(train_targets.mean(axis=0))
    else:
        outputs = np.log(np.bincount(train_targets, minlength=task.outputs) / len(train_targets) + _FLOOR)
    return np.tile(outputs.astype(np.float32), (rows, 1))


def tfidf(
    task: Task,
    train: LabeledRows,
    validation: LabeledRows,
    texts: Sequence[str],
    weights: FloatArray | None = None,
) -> Floats:
    """Logits (n, outputs) for the validation rows, then the texts, from TF-IDF with logistic (or ridge) regression.

    The n-grams (one and two words, or two to five characters of the first 1,000) and the regularization are those with the
    lowest :func:`~core.evaluation.decisions.selection.selection_loss` on validation, as for the other models. With many texts
    and labels, or without validation rows, only words are used. ``weights`` (outputs,) are those of the classes in the loss;
    None weighs each row the same. Falls back to :func:`majority` where the training texts have no words or only one class.
    """
    rows = len(validation.texts) + len(texts)
    if task.one_label and len(np.unique(train.targets)) < 2:
        return majority(task, train.targets, rows)
    # Products this small are many times slower when BLAS divides them among threads.
    with warnings.catch_warnings(), threadpool_limits(limits=1, user_api="blas"):
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        warnings.filterwarnings("ignore", message="Label (not )?.* is present in all training examples")
        candidates = _candidate_features(train.texts, validation.texts, texts, task.outputs)
        if not candidates:
            return majority(task, train.targets, rows)
        features, strength = _choose_settings(candidates, task, (train.targets, validation.targets), weights)
        predict = _fit(task, features.train, train.targets, strength, weights)
        return predict(sparse.vstack([features.validation, features.texts]).tocsr())


@dataclass(frozen=True)
class _Features:
    """TF-IDF rows of the training texts, the validation texts and the other texts."""

    train: sparse.csr_matrix
    validation: sparse.csr_matrix
    texts: sparse.csr_matrix


def _candidate_features(
    train: Sequence[str], validation: Sequence[str], texts: Sequence[str], outputs: int
) -> list[_Features]:
    """Features of words, and of characters if they are affordable and there are validation rows to choose by."""
    # A character n-gram that occurs once in a large set says little, and half of them do.
    rare = 1 if len(train) < _FEW_ROWS else 2
    vectorizers = (
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b", dtype=np.float32),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=rare, dtype=np.float32),
    )
    candidates = []
    for vectorizer, length in zip(vectorizers, (None, _MAX_CHARACTERS), strict=True):
        # A text of n characters has about 4 n n-grams of two to five characters, of which a third are repeated or rare.
        if length and (
            not len(validation) or outputs * sum(min(len(text), length) for text in train) > _MAX_CHARACTER_WORK
        ):
            continue
        parts = [[text[:length] for text in part] for part in (train, validation, texts)]
        try:
            rows = vectorizer.fit_transform(parts[0])
        except ValueError:  # scikit-learn's "empty vocabulary": no text has a word character
            continue
        # Transforming no texts is an error in scikit-learn.
        others = [vectorizer.transform(part) if part else rows[:0] for part in parts[1:]]
        candidates.append(_Features(rows, *others))
    return candidates


def _choose_settings(
    candidates: Sequence[_Features], task: Task, targets: tuple[Targets, Targets], weights: FloatArray | None
) -> tuple[_Features, float]:
    """The features and the C with the lowest selection loss on validation; words and 3 without validation rows."""
    y_train, y_validation = targets
    if len(y_validation) == 0:
        return candidates[0], _C_VALUES[1]
    order = np.random.default_rng(0).permutation(len(y_train))
    if task.one_label:  # one row of each class comes first
        first = np.unique(y_train[order], return_index=True)[1]
        order = np.concatenate([order[first], np.delete(order, first)])
    rows = order[:_COMPARED_ROWS]

    def loss(setting: tuple[_Features, float]) -> float:
        features, strength = setting
        predict = _fit(task, features.train[rows], y_train[rows], strength, weights)
        return selection_loss(task, y_validation, predict(features.validation), weights)

    return min(itertools.product(candidates, _C_VALUES), key=loss)


def _fit(
    task: Task, features: sparse.csr_matrix, targets: Targets, C: float, weights: FloatArray | None
) -> Callable[[sparse.csr_matrix], Floats]:
    """A function that gives the logits of features, fitted on training rows."""
    if task.kind == "regression":
        ridge = Ridge(alpha=1.0 / C).fit(features, targets)
        return lambda rows: np.asarray(ridge.predict(rows), dtype=np.float32).reshape(-1, 1)
    model = LogisticRegression(C=C, max_iter=_MAX_ITERATIONS)
    if task.kind == "multilabel":
        one_vs_rest = OneVsRestClassifier(model).fit(features, targets)
        return lambda rows: _log_odds(one_vs_rest.predict_proba(rows))
    model.fit(features, targets, None if weights is None else weights[targets])

    def log_probabilities(rows: sparse.csr_matrix) -> Floats:
        probabilities = np.zeros((rows.shape[0], task.outputs))
        probabilities[:, model.classes_] = model.predict_proba(rows)
        return np.asarray(np.log(probabilities + _FLOOR), dtype=np.float32)

    return log_probabilities


def _log_odds(probabilities: npt.NDArray[np.floating]) -> Floats:
    return np.asarray(logit(np.clip(probabilities, _FLOOR, 1 - _FLOOR)), dtype=np.float32)
