"""Confusion matrix with confused classes next to each other, and the most confused pairs."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from core.types import FloatArray, Targets

CountMatrix = npt.NDArray[np.int64]


def confusion_matrix(y_true: Targets, y_pred: Targets, classes: int) -> CountMatrix:
    """How often each class (row) was predicted as each class (column), (k, k); class numbers (n,)."""
    flat = np.bincount(y_true.astype(np.int64) * classes + y_pred.astype(np.int64), minlength=classes**2)
    return np.asarray(flat.reshape(classes, classes), dtype=np.int64)


def normalize_rows(matrix: CountMatrix) -> FloatArray:
    """Each row's counts as shares of the actual class, (k, k); NaN for a class without rows."""
    totals = matrix.sum(axis=1, keepdims=True)
    result: FloatArray = np.divide(
        matrix, totals, out=np.full(matrix.shape, np.nan), where=np.broadcast_to(totals > 0, matrix.shape)
    )
    return result


def order_by_confusion(matrix: CountMatrix) -> list[int]:
    """The classes in an order that puts confused ones next to each other, (k,).

    Average linkage on 1 minus the mean share of confusion in both directions, with optimal leaf ordering (Bar-Joseph 2001). The
    original order with fewer than three classes, or where nothing is confused.
    """
    mutual = np.nan_to_num(normalize_rows(matrix))
    mutual = (mutual + mutual.T) / 2
    np.fill_diagonal(mutual, 0)
    if len(matrix) < 3 or not mutual.any():
        return list(range(len(matrix)))
    distance = 1 - mutual
    np.fill_diagonal(distance, 0)
    condensed = squareform(distance, checks=False)
    return [int(i) for i in leaves_list(optimal_leaf_ordering(linkage(condensed, "average"), condensed))]


def confusion_frame(matrix: CountMatrix, labels: tuple[str, ...]) -> pd.DataFrame:
    """One line per cell, ordered by :func:`order_by_confusion`: actual, predicted, count, share (of the actual class)."""
    order, shares = order_by_confusion(matrix), normalize_rows(matrix)
    return pd.DataFrame(
        [
            {"actual": labels[i], "predicted": labels[j], "count": int(matrix[i, j]), "share": float(shares[i, j])}
            for i in order
            for j in order
        ]
    )


def most_confused(matrix: CountMatrix, labels: tuple[str, ...], limit: int = 10) -> pd.DataFrame:
    """The most confused pairs: first, second, count (both directions), first_as_second, second_as_first."""
    pairs = [
        (labels[i], labels[j], int(matrix[i, j] + matrix[j, i]), int(matrix[i, j]), int(matrix[j, i]))
        for i in range(len(matrix))
        for j in range(i + 1, len(matrix))
        if matrix[i, j] + matrix[j, i]
    ]
    columns = ["first", "second", "count", "first_as_second", "second_as_first"]
    return pd.DataFrame(sorted(pairs, key=lambda pair: -pair[2])[:limit], columns=columns)


def most_confused_classes(matrix: CountMatrix, labels: tuple[str, ...], limit: int) -> list[str]:
    """The classes with the most wrong predictions from or to them, at most ``limit``, in the order of ``labels``."""
    wrong = matrix - np.diag(np.diag(matrix))
    worst = np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")[:limit]
    return [labels[i] for i in sorted(worst)]
