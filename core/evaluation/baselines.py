"""What a model must beat: always the commonest answer, and TF-IDF with a linear model. Given as logits, like a model's."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import logit
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from threadpoolctl import threadpool_limits

from core.task import Floats, Task

Targets = npt.NDArray[Any]
TITLES = {"majority": "Majority class", "tfidf": "TF-IDF + linear"}
# Inverse regularisation of the linear model: 10 is the usual choice for sparse, normalised TF-IDF rows.
_STRENGTH = 10.0
_FLOOR = 1e-9


def majority(task: Task, train_targets: Targets, rows: int) -> Floats:
    """The training set's class frequencies (or mean score) as the answer to every text: logits (rows, outputs)."""
    if task.kind == "regression":
        answer = np.asarray([train_targets.mean()])
    elif task.kind == "multilabel":
        answer = _log_odds(train_targets.mean(axis=0))
    else:
        answer = np.log(np.bincount(train_targets, minlength=task.outputs) / len(train_targets) + _FLOOR)
    return np.tile(answer.astype(np.float32), (rows, 1))


def tfidf(
    task: Task, train_texts: Sequence[str], train_targets: Targets, texts: Sequence[str], seed: int = 0
) -> Floats:
    """TF-IDF of words and word pairs with logistic (or ridge) regression: logits (n, outputs) for ``texts``.

    Falls back to :func:`majority` where the training texts share no word or have one class only.
    """
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=1, token_pattern=r"(?u)\b\w+\b")
    try:
        train = vectorizer.fit_transform(train_texts)
    except ValueError:  # scikit-learn's "empty vocabulary": no text holds a word character
        return majority(task, train_targets, len(texts))
    rows = vectorizer.transform(texts)
    if task.kind == "regression":
        ridge = Ridge(alpha=1.0).fit(train, train_targets)
        return np.asarray(ridge.predict(rows), dtype=np.float32).reshape(-1, 1)
    model = LogisticRegression(C=_STRENGTH, max_iter=300, random_state=seed)
    # Products this small are many times slower when BLAS shares them out among threads.
    with warnings.catch_warnings(), threadpool_limits(limits=1, user_api="blas"):
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        warnings.filterwarnings("ignore", message="Label (not )?.* is present in all training examples")
        if task.kind == "multilabel":
            return _log_odds(OneVsRestClassifier(model).fit(train, train_targets).predict_proba(rows))
        if len(np.unique(train_targets)) < 2:
            return majority(task, train_targets, len(texts))
        model.fit(train, train_targets)
    probabilities = np.zeros((len(texts), task.outputs))
    probabilities[:, model.classes_] = model.predict_proba(rows)
    return np.asarray(np.log(probabilities + _FLOOR), dtype=np.float32)


def _log_odds(probabilities: npt.NDArray[Any]) -> Floats:
    return np.asarray(logit(np.clip(probabilities, _FLOOR, 1 - _FLOOR)), dtype=np.float32)
