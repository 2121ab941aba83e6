"""What is wrong with labels: variants of one name, classes too small to split, imbalance."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from core.data.checks.findings import Finding, Rows
from core.data.columns import LabeledTexts, label_counts
from core.data.repairs import Repair

_SMALLEST_CLASS = 3
_IMBALANCE = 10
_MAJORITY = 0.8


def check_labels(labeled: LabeledTexts) -> Iterator[Finding]:
    """Numbers are no names, and have nothing wrong with them."""
    if labeled.task.kind != "regression":
        counts = label_counts(labeled.frame["label"])
        yield from _variants(labeled, counts)
        yield from _too_small(labeled, counts)
        yield from _imbalance(labeled, counts)


def _variants(labeled: LabeledTexts, counts: Counter[str]) -> Iterator[Finding]:
    variants: dict[str, list[str]] = defaultdict(list)
    for name in labeled.task.labels:
        variants[normalize_label(name)].append(name)
    mapping = {
        name: max(names, key=lambda name: (counts[name], name))
        for names in variants.values()
        for name in names
        if len(names) > 1
    }
    mapping = {name: target for name, target in mapping.items() if name != target}
    if mapping:
        listed = ", ".join(f"“{name}” and “{target}”" for name, target in list(mapping.items())[:3])
        yield Finding(
            "label_variants",
            "warning",
            f"Some labels differ only in case, blanks or the form of a letter: {listed}.",
            _rows_with(labeled.frame, set(mapping)),
            Repair("merge_labels", {"mapping": mapping}),
        )


def _too_small(labeled: LabeledTexts, counts: Counter[str]) -> Iterator[Finding]:
    small = [name for name in labeled.task.labels if counts[name] < _SMALLEST_CLASS]
    if small:
        yield Finding(
            "small_classes",
            "warning",
            f"Fewer than {_SMALLEST_CLASS} rows, too few to split: {_listed(small)}.",
            _rows_with(labeled.frame, set(small)),
            Repair("drop_labels", {"labels": small}) if len(labeled.task.labels) - len(small) >= 2 else None,
        )


def _imbalance(labeled: LabeledTexts, counts: Counter[str]) -> Iterator[Finding]:
    sizes = sorted((counts[name] for name in labeled.task.labels), reverse=True)
    largest = sizes[0] / max(1, len(labeled))
    if labeled.task.one_label and (largest > _MAJORITY or sizes[0] >= _IMBALANCE * max(1, sizes[-1])):
        yield Finding(
            "imbalance",
            "note",
            f"The largest class has {sizes[0]:,} rows ({largest:.0%}), the smallest {sizes[-1]:,}. Judge by F1 (macro): "
            f"always answering the largest class would be right {largest:.0%} of the time.",
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")


def normalize_label(name: str) -> str:
    """A label without what people vary by mistake: case, blanks, Unicode form."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().replace("_", " ").split())


def _rows_with(frame: pd.DataFrame, names: set[str]) -> Rows:
    if len(frame) and isinstance(frame["label"].iloc[0], list):
        held = np.asarray([bool(names & set(cell)) for cell in frame["label"]])
    else:
        held = frame["label"].isin(names).to_numpy(dtype=bool)
    return np.asarray(frame["row"].to_numpy()[held], dtype=np.int64)
