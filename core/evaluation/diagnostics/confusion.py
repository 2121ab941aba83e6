"""What is taken for what: the confusion matrix with confused classes beside each other, and the worst pairs."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.spatial.distance import squareform

from core.evaluation.statistics.counts import Targets

Matrix = npt.NDArray[np.int64]


def matrix(targets: Targets, decided: Targets, classes: int) -> Matrix:
    """How often each class (row) was answered as each class (column), (k, k); class numbers (n,)."""
    flat = np.bincount(targets.astype(np.int64) * classes + decided.astype(np.int64), minlength=classes**2)
    return np.asarray(flat.reshape(classes, classes), dtype=np.int64)


def shares(counts: Matrix) -> npt.NDArray[np.float64]:
    """Each row's counts as shares of the actual class, (k, k); NaN for a class without rows."""
    totals = counts.sum(axis=1, keepdims=True)
    result: npt.NDArray[np.float64] = np.divide(
        counts, totals, out=np.full(counts.shape, np.nan), where=np.broadcast_to(totals > 0, counts.shape)
    )
    return result


def order(counts: Matrix) -> list[int]:
    """The classes in an order in which those taken for one another are neighbours, (k,).

    Average linkage on 1 minus the mean share of confusion both ways, its leaves ordered optimally (Bar-Joseph 2001). The order
    given where there are fewer than three classes or nothing is confused.
    """
    mutual = np.nan_to_num(shares(counts))
    mutual = (mutual + mutual.T) / 2
    np.fill_diagonal(mutual, 0)
    if len(counts) < 3 or not mutual.any():
        return list(range(len(counts)))
    distance = 1 - mutual
    np.fill_diagonal(distance, 0)
    condensed = squareform(distance, checks=False)
    return [int(i) for i in leaves_list(optimal_leaf_ordering(linkage(condensed, "average"), condensed))]


def frame(counts: Matrix, labels: tuple[str, ...]) -> pd.DataFrame:
    """The matrix in long form for a chart, classes in :func:`order`: actual, predicted, count, share (of the actual class)."""
    where, of_class = order(counts), shares(counts)
    return pd.DataFrame(
        [
            {"actual": labels[i], "predicted": labels[j], "count": int(counts[i, j]), "share": float(of_class[i, j])}
            for i in where
            for j in where
        ]
    )


def most_confused(counts: Matrix, labels: tuple[str, ...], most: int = 10) -> pd.DataFrame:
    """The pairs taken for one another most often: first, second, count (both ways), first_as_second, second_as_first."""
    pairs = [
        (labels[i], labels[j], int(counts[i, j] + counts[j, i]), int(counts[i, j]), int(counts[j, i]))
        for i in range(len(counts))
        for j in range(i + 1, len(counts))
        if counts[i, j] + counts[j, i]
    ]
    columns = ["first", "second", "count", "first_as_second", "second_as_first"]
    return pd.DataFrame(sorted(pairs, key=lambda pair: -pair[2])[:most], columns=columns)
