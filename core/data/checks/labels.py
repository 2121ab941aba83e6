"""Checks of the labels: variants of one name, classes that are too small to split, class imbalance."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np
import pandas as pd

from core.data.checks.findings import Finding, Rows
from core.data.columns import LabeledTexts, label_counts
from core.data.repairs import Repair
from core.formatting import format_percent, join_names

_MIN_CLASS_ROWS = 3
_IMBALANCE_RATIO = 10
_MAJORITY_SHARE = 0.8


def check_labels(labeled: LabeledTexts) -> Iterator[Finding]:
    """Findings about label names and class sizes; none for regression."""
    if labeled.task.kind != "regression":
        counts = label_counts(labeled.frame["label"])
        yield from _label_variants(labeled, counts)
        yield from _small_classes(labeled, counts)
        yield from _imbalance(labeled, counts)


def _label_variants(labeled: LabeledTexts, counts: Counter[str]) -> Iterator[Finding]:
    variants: dict[str, list[str]] = defaultdict(list)
    for name in labeled.task.labels:
        variants[normalize_label(name)].append(name)
    most_frequent = {
        name: max(names, key=lambda name: (counts[name], name)) for names in variants.values() for name in names
    }
    mapping = {name: target for name, target in most_frequent.items() if name != target}
    if mapping:
        pairs = join_names([f"“{name}” and “{target}”" for name, target in mapping.items()])
        yield Finding(
            "label_variants",
            "warning",
            f"Some labels differ only in case, whitespace or Unicode form: {pairs}.",
            _rows_with_label(labeled.frame, set(mapping)),
            Repair("merge_labels", {"mapping": mapping}),
        )


def _small_classes(labeled: LabeledTexts, counts: Counter[str]) -> Iterator[Finding]:
    small = [name for name in labeled.task.labels if counts[name] < _MIN_CLASS_ROWS]
    if small:
        yield Finding(
            "small_classes",
            "warning",
            f"Classes with fewer than {_MIN_CLASS_ROWS} rows, too few to split: {join_names(small, 5)}.",
            _rows_with_label(labeled.frame, set(small)),
            Repair("drop_labels", {"labels": small}) if len(labeled.task.labels) - len(small) >= 2 else None,
        )


def _imbalance(labeled: LabeledTexts, counts: Counter[str]) -> Iterator[Finding]:
    sizes = sorted((counts[name] for name in labeled.task.labels), reverse=True)
    share = sizes[0] / max(1, len(labeled))
    if labeled.task.one_label and (share > _MAJORITY_SHARE or sizes[0] >= _IMBALANCE_RATIO * max(1, sizes[-1])):
        percent = format_percent(share, 0)
        yield Finding(
            "imbalance",
            "note",
            f"The largest class has {sizes[0]:,} rows ({percent}), the smallest {sizes[-1]:,}. Compare models by F1 (macro), "
            f"because a model that always predicts the largest class is correct {percent} of the time.",
        )


def normalize_label(name: str) -> str:
    """The label without differences in case, whitespace, underscores and Unicode form."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().replace("_", " ").split())


def _rows_with_label(frame: pd.DataFrame, names: set[str]) -> Rows:
    if len(frame) and isinstance(frame["label"].iloc[0], list):
        mask = np.asarray([bool(names & set(labels)) for labels in frame["label"]])
    else:
        mask = frame["label"].isin(names).to_numpy(dtype=bool)
    return np.asarray(frame["row"].to_numpy()[mask], dtype=np.int64)
