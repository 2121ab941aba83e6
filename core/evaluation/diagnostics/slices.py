"""Kinds of texts that a model does worse on than on the rest: long ones, truncated ones, of one value of a column, with a word.

Many slices are tried, so some look bad by chance; the p-values are those of Benjamini and Hochberg (1995), corrected for that.
"""

import re
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import false_discovery_control, fisher_exact, mannwhitneyu

from core.evaluation.statistics.counts import Values
from core.evaluation.statistics.intervals import Interval, percentiles, resample_rows, wilson

COLUMNS = ["slice", "rows", "value", "low", "high", "rest", "p"]
_FEWEST_ROWS = 20
_MOST_VALUES = 20
# The commonest words that are in some texts and not in others; each is one more chance of a false alarm.
_MOST_WORDS = 200
_WORD = re.compile(r"[^\W\d_]{2,}")
Mask = npt.NDArray[np.bool_]


def find_slices(frame: pd.DataFrame, outcome: npt.NDArray[np.generic], most_p: float = 0.05) -> pd.DataFrame:
    """Slices on which the model does worse than on the other rows, the surest first.

    Args:
        frame: the n rows: a column ``text``, perhaps ``truncated`` (bool), and columns of the file with at most 20 values.
        outcome: whether each answer is right, bool (n,), or the absolute error of each number, float (n,).
        most_p: what corrected p-value is still shown.

    Returns:
        slice (in words), rows, value (share of right answers, or mean absolute error) with low and high, rest (the same of
        all other rows), p (corrected; Fisher's exact test of right answers, Mann and Whitney's of errors).
    """
    found = []
    errors = outcome.dtype != np.bool_
    values = outcome.astype(np.float64)
    for name, mask in _slices(frame):
        inside, rest = values[mask], values[~mask]
        p_value = _more_errors(inside, rest) if errors else _fewer_right(inside, rest)
        found.append((name, len(inside), float(inside.mean()), float(rest.mean()), p_value, mask))
    if not found:
        return pd.DataFrame(columns=COLUMNS)
    corrected = false_discovery_control([each[4] for each in found])
    rows = []
    for (name, count, value, rest_value, _, mask), p_value in zip(found, corrected, strict=True):
        if p_value <= most_p:
            span = _mean_interval(values[mask]) if errors else wilson(value * count, count)
            rows.append((name, count, value, *span, rest_value, float(p_value)))
    return pd.DataFrame(rows, columns=COLUMNS).sort_values(["p", "slice"], ignore_index=True)


def _slices(frame: pd.DataFrame) -> Iterator[tuple[str, Mask]]:
    """Each slice in words and which rows are in it; at least 20 in it and one outside."""
    texts = frame["text"].astype(str)
    candidates = [*_lengths(texts), *_columns(frame), *_words(texts)]
    seen: set[bytes] = set()
    for name, mask in candidates:
        key = np.packbits(mask).tobytes()
        if mask.sum() >= _FEWEST_ROWS and not mask.all() and key not in seen:
            seen.add(key)
            yield name, mask


def _lengths(texts: pd.Series) -> Iterator[tuple[str, Mask]]:
    words = texts.map(lambda text: len(text.split())).to_numpy()
    if len(words) == 0:
        return
    quarter, half, three = (float(edge) for edge in np.quantile(words, [0.25, 0.5, 0.75]))
    yield f"shortest quarter: up to {quarter:.0f} words", words <= quarter
    yield f"{quarter:.0f} to {half:.0f} words", (words > quarter) & (words <= half)
    yield f"{half:.0f} to {three:.0f} words", (words > half) & (words <= three)
    yield f"longest quarter: more than {three:.0f} words", words > three


def _columns(frame: pd.DataFrame) -> Iterator[tuple[str, Mask]]:
    for name in frame.columns:
        if name == "text":
            continue
        if name == "truncated":
            yield "truncated", frame[name].to_numpy(dtype=bool)
            yield "not truncated", ~frame[name].to_numpy(dtype=bool)
            continue
        values = frame[name].astype("string")
        if 2 <= values.nunique() <= _MOST_VALUES:
            for value in sorted(values.dropna().unique()):
                yield f"{name} = {value}", (values == value).fillna(False).to_numpy(dtype=bool)


def _words(texts: pd.Series) -> Iterator[tuple[str, Mask]]:
    """The commonest words with at least 20 rows; a word counts once a text."""
    words = (
        texts.str.lower().map(lambda text: sorted(set(_WORD.findall(text)))).reset_index(drop=True).explode().dropna()
    )
    counts = words.value_counts()
    counts = counts[(counts >= _FEWEST_ROWS) & (counts < len(texts))]
    for word in sorted(counts.index, key=lambda each: (-counts[each], each))[:_MOST_WORDS]:
        mask = np.zeros(len(texts), dtype=bool)
        mask[words.index[words == word]] = True
        yield f"contains “{word}”", mask


def _fewer_right(inside: Values, rest: Values) -> float:
    table = [[inside.sum(), len(inside) - inside.sum()], [rest.sum(), len(rest) - rest.sum()]]
    return float(fisher_exact(np.asarray(table, dtype=int), alternative="less").pvalue)


def _more_errors(inside: Values, rest: Values) -> float:
    return float(mannwhitneyu(inside, rest, alternative="greater").pvalue)


def _mean_interval(errors: Values) -> Interval:
    drawn = resample_rows(lambda weights: {"": weights @ errors / len(errors)}, len(errors))[""]
    return percentiles(float(errors.mean()), drawn, len(errors))
