"""Errors planted into BANKING77: how many each check finds, and how many of what it finds were planted."""

import sys

import numpy as np
import pandas as pd

from core.analysis.label_errors import Folds, find_label_issues_classification
from core.data.checks.run import run_checks
from core.data.columns import ColumnChoice, apply_columns
from core.data.reading.files import read_file
from core.data.repairs import Repair, apply_repairs
from core.data.splitting import split_groups
from core.data.table import Table
from tests.benchmarks.common import Figure, data_folder

_PLANTED = 200
_WRONG = 0.05
_LONG_WORDS = 14
_REVIEWED = 0.1
_CHOICE = ColumnChoice("text", "category", "multiclass", "split")


def data_checks() -> list[Figure]:
    """Recall and precision of the exact checks and of near-duplicates, and wrong labels among the first tenth to review."""
    source = data_folder("banking77")
    if source is None:
        return []
    frame = read_file(source / "train.csv").frame
    clean = _without_natural_errors(frame)
    rng = np.random.default_rng(0)
    planted = _plant(clean, rng)
    table = Table(pd.concat([clean.assign(kind=""), *planted], ignore_index=True), "planted.csv")
    kinds = table.frame["kind"].to_numpy()
    table = Table(table.frame.drop(columns="kind"), "planted.csv")
    findings = {
        finding.check: set(finding.rows.tolist())
        for finding in run_checks(table, _CHOICE, apply_columns(table, _CHOICE))
    }
    first = {text: row for row, text in reversed(list(enumerate(table.frame["text"])))}
    figures = []
    for name in ("duplicates", "near_duplicates", "conflicts", "leaks"):
        copies = np.flatnonzero(np.isin(kinds, _COUNTS_AS[name])).tolist()
        truth = set(copies) | {_origin(table.frame, row, first) for row in copies}
        found = findings.get(name, set())
        recall, precision = len(found & truth) / len(truth), len(found & truth) / max(1, len(found))
        how = f"{len(truth)} rows planted, {len(found)} found"
        figures.append(Figure(f"data_checks_{name}_recall", recall, 0.95, recall / 0.95, "share", [], how))
        figures.append(Figure(f"data_checks_{name}_precision", precision, 0.95, precision / 0.95, "share", [], how))
    return [*figures, _wrong_labels(clean, rng)]


# An exact copy in another split is a duplicate and a leak; one with another label a conflict and a duplicate.
_COUNTS_AS = {
    "duplicates": ["copy", "conflict", "leak"],
    "near_duplicates": ["near"],
    "conflicts": ["conflict"],
    "leaks": ["leak"],
}


def _without_natural_errors(frame: pd.DataFrame) -> pd.DataFrame:
    """The texts as they are, without those that repeat each other, so that all that is found was planted."""
    labeled = apply_columns(Table(frame, "x"), ColumnChoice("text", "category", "multiclass"))
    repairs = [Repair("drop_conflicts"), Repair("drop_duplicates"), Repair("drop_near_duplicates")]
    rows = apply_repairs(labeled, repairs).frame["row"]
    kept = frame.iloc[rows].reset_index(drop=True)
    kept["text"] = kept["text"].str.strip()
    return kept.assign(split="train")


def _plant(clean: pd.DataFrame, rng: np.random.Generator) -> list[pd.DataFrame]:
    long = np.flatnonzero(clean["text"].map(lambda text: len(text.split())) >= _LONG_WORDS)
    chosen = rng.permutation(long)[: 4 * _PLANTED].reshape(4, -1)
    copy, near, conflict, leak = (clean.iloc[rows].reset_index(drop=True).copy() for rows in chosen)
    near["text"] = near["text"] + " please"
    conflict["category"] = [_another(label, clean["category"], rng) for label in conflict["category"]]
    leak["split"] = "test"
    return [
        part.assign(kind=kind)
        for part, kind in ((copy, "copy"), (near, "near"), (conflict, "conflict"), (leak, "leak"))
    ]


def _another(label: str, labels: pd.Series, rng: np.random.Generator) -> str:
    names = sorted(set(labels) - {label})
    return str(rng.choice(names))


def _origin(frame: pd.DataFrame, row: int, first: dict[str, int]) -> int:
    """The row that a planted one was made of."""
    return first[str(frame["text"].iloc[row]).removesuffix(" please")]


def _wrong_labels(clean: pd.DataFrame, rng: np.random.Generator) -> Figure:
    from core.models.classifier import build_classifier
    from core.models.encoders import BUILT_IN

    labeled = apply_columns(Table(clean, "x"), ColumnChoice("text", "category", "multiclass"))
    task, frame = labeled.task, labeled.frame
    features = build_classifier(BUILT_IN, task, 256).features(frame["text"].tolist())
    targets = task.encode(frame["label"].tolist())
    wrong = rng.choice(len(targets), round(_WRONG * len(targets)), replace=False)
    targets[wrong] = (targets[wrong] + rng.integers(1, task.outputs, len(wrong))) % task.outputs
    folds = Folds(split_groups(frame), 0, lambda fold: print(f"fold {fold}", file=sys.stderr))
    issues = find_label_issues_classification(features, targets, task.outputs, folds)
    share = float(np.isin(wrong, np.argsort(-issues.score, kind="stable")[: round(_REVIEWED * len(targets))]).mean())
    how = f"{len(wrong)} labels of {len(targets)} turned; share of them in the first tenth to review"
    return Figure("data_checks_wrong_labels", share, 0.5, share / 0.5, "share", [], how)
