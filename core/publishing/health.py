"""The health of a published model: volume, unsure predictions, corrections, and drift against the validation rows.

Drift is a difference in distribution between what visitors send and the validation rows. Both tests give a p-value, so that
a few predictions raise no alarm. The same text sent many times counts many times, because visitors are not told apart.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse, stats

from core.formatting import format_percent
from core.prediction.texts import format_label
from core.publishing.usage import Use
from core.run_evaluation import load_predictions
from core.runs import Run
from core.task import Label

# Fewer predictions are not compared.
MIN_PREDICTIONS = 20
LEVEL = 0.01
# The days that the volume covers.
MAX_DAYS = 90
_RESAMPLES = 2_000
_MAX_CELLS = 1_000_000


@dataclass(frozen=True)
class Drift:
    """How far apart two distributions are (0 equal, 1 disjoint), and how probable that is by chance alone."""

    distance: float
    p_value: float

    @property
    def detected(self) -> bool:
        """Whether chance is an unlikely explanation: the p-value is below ``LEVEL``."""
        return self.p_value < LEVEL


@dataclass(frozen=True)
class Health:
    """What the uses of a published model show.

    ``unsure`` is the share of unsure predictions; None for regression. ``volume`` has the columns day and predictions.
    ``shares`` compares the predicted labels (label, source, share); None for regression. ``corrections`` counts them by
    predicted and correct label. A drift is None while there are too few predictions or no validation rows to compare with.
    """

    predictions: int
    unsure: float | None
    volume: pd.DataFrame
    shares: pd.DataFrame | None
    corrections: pd.DataFrame
    prediction_drift: Drift | None
    length_drift: Drift | None


def measure_health(run: Run, uses: Sequence[Use]) -> Health:
    """The health of a published run from its uses.

    Raises:
        StorageError: the validation rows or their logits are damaged.
    """
    predictions = [use for use in uses if use.correct is None]
    regression = run.task.kind == "regression"
    expected = load_predictions(run, "validation").predictions.labels if run.has_logits("validation") else []
    observed = [use.label for use in predictions]
    lengths = [use.characters for use in predictions]
    drift = values_drift if regression else label_drift
    return Health(
        predictions=len(predictions),
        unsure=None if regression or not predictions else sum(use.abstained for use in predictions) / len(predictions),
        volume=_volume(predictions),
        shares=None if regression else _compare_shares(run.task.labels, observed, expected),
        corrections=_count_corrections(uses),
        prediction_drift=_if_enough(drift, observed, expected),
        length_drift=_if_enough(values_drift, lengths, run.split("validation")["text"].str.len().tolist()),
    )


def label_drift(observed: Sequence[Label], expected: Sequence[Label]) -> Drift:
    """The drift of predicted labels: a permutation test of half the sum of the differences between the labels' shares.

    With one label for each text that is the total variation distance. The null distribution comes from dealing the pooled
    texts at random into two groups of the given sizes, so it is exact for small counts and rare labels (P. Good,
    "Permutation, Parametric, and Bootstrap Tests of Hypotheses", 2005). The p-value counts the observed split as one of them
    (B. Phipson and G. Smyth, "Permutation p-values should never be zero", 2010).
    """
    sets = [tuple(label) if isinstance(label, list) else (str(label),) for label in (*observed, *expected)]
    kinds = {labels: i for i, labels in enumerate(dict.fromkeys(sets))}
    names = {name: i for i, name in enumerate(dict.fromkeys(name for labels in kinds for name in labels))}
    entries = [(i, names[name]) for labels, i in kinds.items() for name in labels]
    rows, columns = np.asarray(entries, dtype=np.int64).reshape(-1, 2).T
    carries = sparse.csr_array((np.ones(len(entries)), (rows, columns)), shape=(len(kinds), len(names)))
    codes = np.asarray([kinds[labels] for labels in sets])
    size, rest = len(observed), len(expected)
    pooled = np.bincount(codes, minlength=len(kinds))

    def distance(group: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        shares = group @ carries / size, (pooled - group) @ carries / rest
        return np.asarray(np.abs(shares[0] - shares[1]).sum(axis=-1) / 2)

    ours = float(distance(np.bincount(codes[:size], minlength=len(kinds))))
    resamples = max(200, min(_RESAMPLES, _MAX_CELLS // len(kinds)))
    groups = np.random.default_rng(0).multivariate_hypergeometric(pooled, size, resamples, method="marginals")
    reached = int((distance(groups) >= ours - 1e-12).sum())
    return Drift(ours, (1 + reached) / (1 + resamples))


def values_drift(observed: Sequence[Any], expected: Sequence[Any]) -> Drift:
    """The drift of numbers: the two-sample Kolmogorov-Smirnov test."""
    result = stats.ks_2samp(np.asarray(observed, dtype=float), np.asarray(expected, dtype=float))
    return Drift(float(result.statistic), float(result.pvalue))


def describe_drift(drift: Drift | None, subject: str) -> str:
    """The drift as a sentence; ``subject`` is what was compared, in the plural: "predicted labels"."""
    if drift is None:
        return f"The {subject} are compared with those on validation from {MIN_PREDICTIONS} of each on."
    p_value = "p < 0.001" if drift.p_value < 0.001 else f"p = {drift.p_value:.3f}"
    size = f"distance {format_percent(drift.distance, 0)}, {p_value}"
    if drift.detected:
        return (
            f"The {subject} differ from those on validation by more than chance ({size}). The texts may have changed."
        )
    return f"The {subject} differ from those on validation by no more than chance ({size})."


def _if_enough(test: Callable[[Any, Any], Drift], observed: Sequence[Any], expected: Sequence[Any]) -> Drift | None:
    return test(observed, expected) if min(len(observed), len(expected)) >= MIN_PREDICTIONS else None


def _volume(predictions: Sequence[Use]) -> pd.DataFrame:
    """The number of predictions on each day, up to ``MAX_DAYS`` before the last one; days without any are included."""
    if not predictions:
        return pd.DataFrame({"day": [], "predictions": []})
    counts = pd.Series(Counter(use.day for use in predictions))
    counts.index = pd.to_datetime(counts.index)
    daily = counts.resample("D").sum().tail(MAX_DAYS)
    return pd.DataFrame({"day": daily.index, "predictions": daily.to_numpy()})


def _compare_shares(labels: Sequence[str], observed: Sequence[Label], expected: Sequence[Label]) -> pd.DataFrame:
    rows = []
    for source, predicted in (("published", observed), ("validation", expected)):
        counts = Counter(name for label in predicted for name in (label if isinstance(label, list) else [str(label)]))
        rows += [(label, source, counts[label] / len(predicted)) for label in labels if predicted]
    return pd.DataFrame(rows, columns=["label", "source", "share"])


def _count_corrections(uses: Sequence[Use]) -> pd.DataFrame:
    pairs = Counter((format_label(use.label), format_label(use.correct)) for use in uses if use.correct is not None)
    rows = [(predicted, correct, count) for (predicted, correct), count in pairs.most_common()]
    return pd.DataFrame(rows, columns=["predicted", "correct", "corrections"])
