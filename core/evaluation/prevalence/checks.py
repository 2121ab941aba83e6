"""Whether a pile is like the labeled rows: in the mix of predictions, and in how confident the model is.

Under label shift the texts of a class look the same, so the confidence of the pile is the mean of the confidences of the classes,
weighted with their shares. Where it is not, the texts are of another kind, and no estimate from the labeled rows holds.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

from core.evaluation.prevalence.label_shift import LabeledClasses
from core.evaluation.prevalence.pile import Moments
from core.evaluation.statistics.units import Units, clustered_variance, count_units
from core.types import BoolArray, FloatArray

# With fewer labeled rows, of all classes together or of one that may make up much of the pile, nothing is said.
MIN_CHECKED_ROWS = 20
_MUCH = 0.02
_LEVEL = 0.01


def shares_differ(predicted: BoolArray, counts: FloatArray, rows: int, units: Units) -> bool | None:
    """Whether the predictions of a label are more or less frequent in the pile than in the labeled rows, by more than chance.

    Args:
        predicted: the predictions for the labeled rows, (n, k).
        counts: the number of predictions of each label in the pile, (k,).
        rows: the number of texts in the pile.
        units: the unit of each labeled row.

    Returns:
        None with too few labeled rows or texts. The level is divided by the number of labels (Bonferroni).
    """
    labeled = len(predicted)
    if min(count_units(labeled, units), rows) < MIN_CHECKED_ROWS:
        return None
    shares = predicted.mean(axis=0)
    pooled = (predicted.sum(axis=0) + counts) / (labeled + rows)
    independent = pooled * (1 - pooled)
    centered = (predicted - shares) / labeled
    clustered = np.asarray([clustered_variance(column, units) for column in centered.T])
    spread = np.sqrt(np.maximum(clustered, independent / labeled) + independent / rows)
    distance = np.abs(counts / rows - shares)
    return bool((distance > norm.isf(_LEVEL / 2 / len(counts)) * spread).any())


def means_differ(predicted: FloatArray, pile: Moments, units: Units) -> bool | None:
    """Whether the mean prediction of the pile differs from that of the labeled rows, (n,), by more than chance."""
    rows = len(predicted)
    if min(count_units(rows, units), pile.rows) < MIN_CHECKED_ROWS:
        return None
    variance = clustered_variance((predicted - predicted.mean()) / rows, units) + pile.variance / pile.rows
    return bool(abs(pile.mean - predicted.mean()) > norm.isf(_LEVEL / 2) * np.sqrt(variance))


def confidence_differs(
    labeled: LabeledClasses,
    confidence: FloatArray,
    shares: FloatArray,
    possible: FloatArray,
    pile: Sequence[Moments],
) -> bool | None:
    """Whether the model is more or less confident of the pile than the shares of the classes explain, by more than chance.

    A value for each predicted class is subtracted from the confidence, so that its mean over the rows of a class is about 0
    and an error of the shares does not matter.

    Args:
        labeled: the labeled rows.
        confidence: the confidence of each labeled row, (n,).
        shares: the estimated shares of the classes in the pile, (k,).
        possible: the largest share that each class may have there, (k,).
        pile: the confidence of the texts that are predicted as each class, k.
    """
    rows = sum(part.rows for part in pile)
    if rows < MIN_CHECKED_ROWS or labeled.counts[possible > _MUCH].min(initial=len(confidence)) < MIN_CHECKED_ROWS:
        return None
    counts = np.maximum(labeled.counts, 1.0)
    means = np.bincount(labeled.actual, confidence, labeled.classes) / counts
    usual = means @ np.linalg.pinv(labeled.confusion_rates())
    of_pile = np.asarray([part.sum - usual[k] * part.rows for k, part in enumerate(pile)])
    squares = sum(part.squares - 2 * usual[k] * part.sum + usual[k] ** 2 * part.rows for k, part in enumerate(pile))
    excess = float(of_pile.sum()) / rows
    scores = confidence - usual[labeled.predicted]
    of_class = np.bincount(labeled.actual, scores, labeled.classes) / counts
    distance = excess - float(shares @ of_class)
    weights = (shares / counts)[labeled.actual]
    variance = clustered_variance(weights * (scores - of_class[labeled.actual]), labeled.units)
    variance += max(0.0, float(squares) / rows - excess**2) / rows
    return bool(abs(distance) > norm.isf(_LEVEL / 2) * np.sqrt(variance))
