"""Slices of the texts with lower accuracy: by length, truncation, a column's value or a word.

Many slices are tried, so some look bad by chance; the p-values are corrected for that (Benjamini and Hochberg 1995).
"""

import math
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, fisher_exact, mannwhitneyu, t

from core.evaluation.statistics.rates import share_interval
from core.evaluation.statistics.resampling import mean_interval
from core.evaluation.statistics.units import Units, clustered_variance, count_units, number_units
from core.types import BoolArray, FloatArray

COLUMNS = ["slice", "rows", "value", "low", "high", "rest", "p"]
_MIN_ROWS = 20
_MAX_VALUES = 20
# The most frequent words that some texts contain and others do not. Each adds one more chance of a false alarm.
_MAX_WORDS = 200
_WORD = re.compile(r"[^\W\d_]{2,}")


def find_slices(
    frame: pd.DataFrame, outcome: BoolArray | FloatArray, max_p: float = 0.05, units: Units = None
) -> pd.DataFrame:
    """Slices on which the model does worse than on the other rows, lowest p-value first.

    Args:
        frame: the n rows: a column ``text``, optionally ``truncated`` (bool), and file columns of which those with at most 20
            values are used.
        outcome: whether each prediction is correct, bool (n,), or the absolute error of each number, float (n,).
        max_p: the largest corrected p-value to include.
        units: the unit of each row (n,): rows of one unit depend on one another, which makes p-values larger and intervals wider.
            None for independent rows.

    Returns:
        slice (in words), rows, value (accuracy, or mean absolute error) with low and high, rest (the value on the other rows),
        p (corrected; Fisher's exact test for accuracy, Mann-Whitney for errors, with units at least that of clustered standard
        errors).
    """
    are_errors = outcome.dtype != np.bool_
    values = outcome.astype(np.float64)
    slices = list(_slices(frame))
    if not slices:
        return pd.DataFrame(columns=COLUMNS)
    p_value = _p_value_of_larger_errors if are_errors else _p_value_of_lower_accuracy
    sign = 1 if are_errors else -1
    p_values = [
        max(p_value(values[mask], values[~mask]), _clustered_p_value(sign * values, mask, units)) for _, mask in slices
    ]
    corrected = false_discovery_control(p_values)
    lines = []
    for (name, mask), p in zip(slices, corrected, strict=True):
        if p <= max_p:
            inside, mean = values[mask], float(values[mask].mean())
            inside_units = None if units is None else number_units(units[mask])
            interval = mean_interval(inside, inside_units) if are_errors else share_interval(inside, inside_units)
            lines.append((name, len(inside), mean, *interval, float(values[~mask].mean()), float(p)))
    return pd.DataFrame(lines, columns=COLUMNS).sort_values(["p", "slice"], ignore_index=True)


def _slices(frame: pd.DataFrame) -> Iterator[tuple[str, BoolArray]]:
    """The name of each slice and its rows: at least 20 inside and one outside, no slice twice."""
    texts = frame["text"].astype(str)
    seen: set[bytes] = set()
    for name, mask in (*_by_length(texts), *_by_column(frame), *_by_word(texts)):
        key = np.packbits(mask).tobytes()
        if mask.sum() >= _MIN_ROWS and not mask.all() and key not in seen:
            seen.add(key)
            yield name, mask


def _by_length(texts: pd.Series) -> Iterator[tuple[str, BoolArray]]:
    words = texts.map(lambda text: len(text.split())).to_numpy()
    if len(words) == 0:
        return
    first, median, third = (float(edge) for edge in np.quantile(words, [0.25, 0.5, 0.75]))
    yield f"shortest quarter: up to {first:.0f} words", words <= first
    yield f"{first:.0f} to {median:.0f} words", (words > first) & (words <= median)
    yield f"{median:.0f} to {third:.0f} words", (words > median) & (words <= third)
    yield f"longest quarter: more than {third:.0f} words", words > third


def _by_column(frame: pd.DataFrame) -> Iterator[tuple[str, BoolArray]]:
    for name in frame.columns.drop("text"):
        if name == "truncated":
            yield "truncated", frame[name].to_numpy(dtype=bool)
            yield "not truncated", ~frame[name].to_numpy(dtype=bool)
            continue
        values = frame[name].astype("string")
        if 2 <= values.nunique() <= _MAX_VALUES:
            for value in sorted(values.dropna().unique()):
                yield f"{name} = {value}", (values == value).fillna(False).to_numpy(dtype=bool)


def _by_word(texts: pd.Series) -> Iterator[tuple[str, BoolArray]]:
    """The most frequent words with at least 20 rows; a word counts once for each text."""
    words = (
        texts.str.lower().map(lambda text: sorted(set(_WORD.findall(text)))).reset_index(drop=True).explode().dropna()
    )
    rows = words.value_counts()
    rows = rows[(rows >= _MIN_ROWS) & (rows < len(texts))]
    for word in sorted(rows.index, key=lambda word: (-rows[word], word))[:_MAX_WORDS]:
        mask = np.zeros(len(texts), dtype=bool)
        mask[words.index[words == word]] = True
        yield f"contains “{word}”", mask


def _p_value_of_lower_accuracy(inside: FloatArray, rest: FloatArray) -> float:
    table = [[correct.sum(), len(correct) - correct.sum()] for correct in (inside, rest)]
    return float(fisher_exact(np.asarray(table, dtype=int), alternative="less").pvalue)


def _p_value_of_larger_errors(inside: FloatArray, rest: FloatArray) -> float:
    return float(mannwhitneyu(inside, rest, alternative="greater").pvalue)


def _clustered_p_value(values: FloatArray, mask: BoolArray, units: Units) -> float:
    """The p-value that the mean inside is not larger, with the standard error of whole units; 0 for independent rows."""
    if units is None:
        return 0.0
    inside, rest = values[mask], values[~mask]
    influence = np.empty(len(values))
    influence[mask], influence[~mask] = (inside - inside.mean()) / len(inside), (rest.mean() - rest) / len(rest)
    error = math.sqrt(clustered_variance(influence, number_units(units)))
    difference = float(inside.mean() - rest.mean())
    if error == 0:
        return float(difference <= 0)
    return float(t.sf(difference / error, max(1, count_units(len(inside), units[mask]) - 1)))
