"""Baselines that a model must beat: the majority class, and TF-IDF with a linear model. Both give logits."""

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import logit
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from threadpoolctl import threadpool_limits

from core.task import Floats, Task
from core.types import Targets

NAMES = ("majority", "tfidf")
# Inverse regularization strength: 10 is the usual choice for sparse, normalized TF-IDF rows.
_C = 10.0
_FLOOR = 1e-9


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
    task: Task, train_texts: Sequence[str], train_targets: Targets, texts: Sequence[str], seed: int = 0
) -> Floats:
    """Logits (n, outputs) for ``texts`` from TF-IDF of words and word pairs with logistic (or ridge) regression.

    Falls back to :func:`majority` where the training texts have no words or only one class.
    """
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=1, token_pattern=r"(?u)\b\w+\b")
    try:
        train_features = vectorizer.fit_transform(train_texts)
    except ValueError:  # scikit-learn's "empty vocabulary": no text has a word character
        return majority(task, train_targets, len(texts))
    features = vectorizer.transform(texts)
    if task.kind == "regression":
        ridge = Ridge(alpha=1.0).fit(train_features, train_targets)
        return np.asarray(ridge.predict(features), dtype=np.float32).reshape(-1, 1)
    model = LogisticRegression(C=_C, max_iter=300, random_state=seed)
    # Products this small are many times slower when BLAS divides them among threads.
    with warnings.catch_warnings(), threadpool_limits(limits=1, user_api="blas"):
        warnings.filterwarnings("ignore", category=ConvergenceWarning)
        warnings.filterwarnings("ignore", message="Label (not )?.* is present in all training examples")
        if task.kind == "multilabel":
            return _log_odds(OneVsRestClassifier(model).fit(train_features, train_targets).predict_proba(features))
        if len(np.unique(train_targets)) < 2:
            return majority(task, train_targets, len(texts))
        model.fit(train_features, train_targets)
    probabilities = np.zeros((len(texts), task.outputs))
    probabilities[:, model.classes_] = model.predict_proba(features)
    return np.asarray(np.log(probabilities + _FLOOR), dtype=np.float32)


def _log_odds(probabilities: npt.NDArray[np.floating]) -> Floats:
    return np.asarray(logit(np.clip(probabilities, _FLOOR, 1 - _FLOOR)), dtype=np.float32)
