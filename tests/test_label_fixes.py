"""What label fixes brought: which run is compared, on which rows, and in which words."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.data.dataset import DatasetRef, find_dataset
from core.data.splitting import Splits
from core.label_fixes import find_label_fixes
from core.run_result import Result
from core.runs import MODEL, Run, RunSource, create_run
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.finished import TASKS, finished

RESULT = Result({}, {}, {}, 1.0, 1.0, 1.0, 1.0)


def _relabel(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    """The frame with other labels in its first rows."""
    labels = ["yes" if label == "no" else "no" for label in frame["label"][:rows]]
    return frame.assign(label=[*labels, *frame["label"][rows:]])


def fixed(run: Run, workspace: Workspace, knows: float, fixes: int = 5, **source: str) -> Run:
    """A later run with other labels in the first rows of each split; ``knows`` is the weight of the labels in its logits."""
    rng = np.random.default_rng(int(10 * knows))
    parts = [_relabel(frame, fixes) for _, frame in run.splits()]
    reference = replace(run.dataset, fingerprint="f" * 16) if not source else DatasetRef(**source)
    splits = Splits(parts[0], parts[1], parts[2], run.task)
    later = create_run(workspace, splits, TrainingConfig(), "Fixed", RunSource(reference, run.split_config))
    for split, frame in splits:
        if split != "train":
            signal = np.eye(2)[run.task.encode(frame["label"].tolist())]
            later.save_logits(split, MODEL, (knows * signal + rng.normal(0, 1, signal.shape)).astype(np.float32))
    later.model_folder.mkdir()
    later.save_result(RESULT)
    return later


def test_the_verdict_is_on_test_rows_whose_label_stayed(workspace: Workspace) -> None:
    before = finished(workspace, "binary", knows=0.5)
    after = fixed(before, workspace, knows=6.0)
    fixes = find_label_fixes(after, [before, after], "test")
    assert fixes is not None
    assert (fixes.earlier.id, fixes.fixes.relabeled, fixes.fixes.added, fixes.fixes.removed) == (before.id, 15, 0, 0)
    assert (fixes.comparison.rows, fixes.relabeled_rows) == (75, 5)
    assert fixes.with_relabeled is not None
    assert fixes.with_relabeled.rows == 80
    assert fixes.comparison.better is True
    headline, verdict, relabeled, caution = fixes.sentences
    assert headline.startswith("15 labels corrected: F1 (macro) +")
    assert "points (95% interval +" in headline
    assert verdict.startswith("The model is better, measured against “A run” on 75 test rows")
    assert "5 relabeled rows" in relabeled
    assert "trained once" in caution
    assert fixes.to_json()["rows"] == 75


def test_a_model_that_is_as_good_as_before_may_owe_it_to_chance(workspace: Workspace) -> None:
    before = finished(workspace, "binary", knows=2.5)
    fixes = find_label_fixes(fixed(before, workspace, knows=5.0), [before], "test")
    assert fixes is not None
    assert fixes.comparison.better is None
    assert "That may be chance" in fixes.sentences[1]


def test_without_fixes_or_kinship_there_is_nothing_to_tell(workspace: Workspace) -> None:
    before = finished(workspace, "binary")
    assert find_label_fixes(before, [before], "test") is None
    unchanged = fixed(before, workspace, knows=2.0, fixes=0)
    assert find_label_fixes(unchanged, [before, unchanged], "test") is None
    stranger = fixed(before, workspace, knows=2.0, id="another", name="Another", fingerprint="e" * 16)
    assert find_label_fixes(stranger, [before, stranger], "test") is None
    later = replace(fixed(before, workspace, knows=2.0), created="2999-01-01T00:00:00+00:00")
    assert find_label_fixes(before, [later], "test") is None


def test_a_dataset_made_of_corrections_is_compared_with_the_one_that_it_corrects(workspace: Workspace) -> None:
    before, other = finished(workspace, "binary"), finished(workspace, "binary", "Corrections", seed=1)
    corrections = find_dataset(workspace, other.dataset.id)
    after = fixed(before, workspace, knows=6.0, **vars(corrections.ref))
    assert find_label_fixes(after, [before], "test") is None
    corrections.with_parent(before.dataset)
    fixes = find_label_fixes(after, [before], "test")
    assert fixes is not None
    assert fixes.earlier.id == before.id


def test_a_run_with_the_same_settings_comes_before_a_newer_one_with_others(workspace: Workspace) -> None:
    before = finished(workspace, "binary", "Same settings")
    other = finished(workspace, "binary", "Other settings").reconfigure(TrainingConfig(epochs=7))
    related = replace(other, dataset=before.dataset)
    after = fixed(before, workspace, knows=4.0)
    chosen = find_label_fixes(after, [related, before], "test")
    assert chosen is not None
    assert (chosen.earlier.name, chosen.settings) == ("Same settings", ())
    alone = find_label_fixes(after, [related], "test")
    assert alone is not None
    assert alone.settings == ("epochs",)
    assert "The settings differ, too (epochs)" in alone.sentences[-1]


@pytest.mark.parametrize("kind", ["multilabel", "regression"])
def test_added_and_removed_rows_are_counted_for_every_task(kind: str, workspace: Workspace) -> None:
    before = finished(workspace, kind)
    parts = [frame.drop(index=[0, 1]) if split == "train" else frame for split, frame in before.splits()]
    parts[0] = pd.concat([parts[0], parts[0].tail(1).assign(text="a new text")], ignore_index=True)
    reference = replace(before.dataset, fingerprint="f" * 16)
    source = RunSource(reference, before.split_config)
    after = create_run(workspace, Splits(parts[0], parts[1], parts[2], TASKS[kind]), TrainingConfig(), "Fixed", source)
    for split in ("validation", "test"):
        after.save_logits(split, MODEL, before.logits(split))
    after.model_folder.mkdir()
    after.save_result(RESULT)
    fixes = find_label_fixes(after, [before], "validation")
    assert fixes is not None
    assert fixes.fixes.text == "1 row added, 2 rows removed"
    assert fixes.comparison.difference == 0
    assert (fixes.relabeled_rows, fixes.with_relabeled) == (0, None)
