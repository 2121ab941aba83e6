"""Does the sample demonstrate anything? Fine-tuning against TF-IDF + logistic regression, 5 times 5-fold cross-validation."""

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.model_selection import RepeatedStratifiedKFold, train_test_split

from core.data.columns import apply_columns
from core.data.samples import CLINIC
from core.data.splitting import Splits
from core.evaluation import baselines
from core.training.presets import recommended
from core.training.trainer import FineTuning, fine_tune
from tests.benchmarks.common import Figure

FOLDS, SEED = 5, 0
# The whole takes half an hour on 4 cores; fewer repeats are a sketch.
REPEATS = int(os.environ.get("STUDIO_BENCH_REPEATS", "5"))


def clinic_vs_tfidf() -> list[Figure]:
    """Accuracy of both on each fold; everything is chosen on a tenth of the training rows."""
    labeled = apply_columns(CLINIC.read(), CLINIC.columns)
    frame, task = labeled.frame[["row", "text", "label"]], labeled.task
    folds = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=SEED)
    runs: list[list[float]] = []
    for train_rows, test_rows in folds.split(frame, frame["label"]):
        rest, test = frame.iloc[train_rows], frame.iloc[test_rows]
        train, validation = train_test_split(rest, test_size=0.1, stratify=rest["label"], random_state=SEED)
        splits = Splits(
            train.reset_index(drop=True), validation.reset_index(drop=True), test.reset_index(drop=True), task
        )
        targets = task.encode(test["label"].tolist())
        with tempfile.TemporaryDirectory() as scratch:
            config = replace(recommended(len(train), task.outputs), seed=len(runs))
            model = fine_tune(FineTuning(splits, config, Path(scratch)))
        fitted, chosen_on = (
            baselines.LabeledRows(rows["text"].tolist(), task.encode(rows["label"].tolist()))
            for rows in (train, validation)
        )
        logits = baselines.tfidf(task, fitted, chosen_on, test["text"].tolist())[len(validation) :]
        runs.append(
            [float((answer.argmax(1) == targets).mean()) for answer in (model.logits(test["text"].tolist()), logits)]
        )
        print(f"fold {len(runs)}: {runs[-1]}", file=sys.stderr)
    ours, theirs = np.mean(runs, axis=0)
    low, high = corrected_interval(np.diff(np.asarray(runs), axis=1)[:, 0] * -1, test_share=1 / FOLDS)
    gain = f"gain {ours - theirs:.3f}, 95 % interval {low:.3f} to {high:.3f} (Nadeau and Bengio 2003)"
    how = f"accuracy, {REPEATS}x{FOLDS}-fold; {gain}"
    return [Figure("clinic_vs_tfidf", float(ours), float(theirs), float(ours / theirs), "accuracy", runs, how)]


def corrected_interval(compare_with_baselines: np.ndarray, test_share: float) -> tuple[float, float]:
    """95 % interval of a mean over overlapping folds: the variance is corrected for it (Nadeau and Bengio 2003)."""
    from scipy.stats import t

    variance = compare_with_baselines.var(ddof=1) * (1 / len(compare_with_baselines) + test_share / (1 - test_share))
    half = t.ppf(0.975, len(compare_with_baselines) - 1) * np.sqrt(variance)
    return float(compare_with_baselines.mean() - half), float(compare_with_baselines.mean() + half)
