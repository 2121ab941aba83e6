"""Repeated runs: with other seeds, or with other folds of the train and validation rows. The test rows stay the same."""

import uuid
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold

from core.data.dataset import Dataset, load_labeled
from core.data.splitting import UNIT, Splits, split, split_groups
from core.errors import ConfigError, StorageError
from core.evaluation.metrics.definitions import MAIN_METRIC
from core.runs import Run, RunGroup, RunSource, create_run
from core.training.config import TrainingConfig
from core.workspace import Workspace

MAX_RUNS = 10
# A run whose score is below this share of the best score of its group has collapsed (Dodge et al. 2020 observe such runs).
_COLLAPSED_BELOW = 0.7


@dataclass(frozen=True)
class GroupSummary:
    """The finished runs of a group on validation: the score of each in the main metric, the best run, and collapsed runs."""

    metric: str
    values: tuple[float, ...]
    best: Run
    collapsed_runs: tuple[str, ...]

    @property
    def mean(self) -> float:
        """Mean over the runs."""
        return float(np.mean(self.values))

    @property
    def std(self) -> float:
        """Standard deviation over the runs, 0 for one."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else 0.0


def create_seed_runs(workspace: Workspace, dataset: Dataset, config: TrainingConfig, count: int) -> list[Run]:
    """Runs that are ready to start and differ only in their seed.

    Raises:
        ConfigError: ``count`` is not between 2 and ``MAX_RUNS``.
    """
    _check_count(count, "seeds")
    splits = split(load_labeled(dataset), dataset.split_config)
    configs = [replace(config, seed=config.seed + i) for i in range(count)]
    return _create_group(workspace, dataset, "seeds", [(splits, c, f"seed {c.seed}") for c in configs])


def create_fold_runs(workspace: Workspace, dataset: Dataset, config: TrainingConfig, count: int) -> list[Run]:
    """Runs that are ready to start, each with another fold of the train and validation rows for validation.

    Rows that must stay together (duplicates, near-duplicates, groups) are in one fold; folds are stratified by class.

    Raises:
        ConfigError: ``count`` is not between 2 and ``MAX_RUNS``, or there are fewer rows than folds.
    """
    _check_count(count, "folds")
    labeled = load_labeled(dataset)
    groups = labeled.frame.set_index("row")["group"]
    splits = split(labeled, dataset.split_config)
    folds = make_folds(splits, count, config.seed, groups, dataset.split_config.group_near_duplicates)
    return _create_group(
        workspace, dataset, "folds", [(fold, config, f"fold {i} of {count}") for i, fold in enumerate(folds, 1)]
    )


def make_folds(
    splits: Splits, count: int, seed: int, groups: "pd.Series[str] | None" = None, group_near_duplicates: bool = True
) -> list[Splits]:
    """Splits for cross-validation: the train and validation rows in ``count`` folds, with the same test rows.

    ``groups`` has the group of each row number (empty for none); the rows of a group are in one fold.

    Raises:
        ConfigError: there are fewer rows that can be separated than folds.
    """
    rows = pd.concat([splits.train, splits.validation], ignore_index=True)
    unit = split_groups(rows.assign(group="" if groups is None else rows["row"].map(groups)), group_near_duplicates)
    rows = rows.assign(**{UNIT: unit})
    first_rows = np.unique(unit, return_index=True)[1]
    if len(first_rows) < count:
        raise ConfigError(f"{len(first_rows)} different texts cannot make {count} folds.", "Choose fewer folds.")
    one_label = splits.task.one_label
    strata = rows["label"].astype(str).iloc[first_rows].to_numpy() if one_label else np.zeros(len(first_rows))
    splitter = StratifiedKFold if one_label and pd.Series(strata).value_counts().max() >= count else KFold
    fold_by_unit = np.zeros(len(first_rows), dtype=int)
    with warnings.catch_warnings():
        # A class with fewer rows than folds is in some of the folds.
        warnings.filterwarnings("ignore", message="The least populated class")
        folds = splitter(count, shuffle=True, random_state=seed).split(first_rows, strata)
        for number, (_, members) in enumerate(folds):
            fold_by_unit[members] = number
    fold_by_row = fold_by_unit[unit]
    return [
        replace(
            splits,
            train=rows[fold_by_row != number].reset_index(drop=True),
            validation=rows[fold_by_row == number].reset_index(drop=True),
        )
        for number in range(count)
    ]


def summarize(runs: Sequence[Run]) -> GroupSummary | None:
    """The summary of a group's finished runs; None if no run has finished with a finite score."""
    metric = MAIN_METRIC[runs[0].task.kind]
    scores = [(run, _validation_score(run, metric)) for run in runs]
    finished = [(run, score) for run, score in scores if np.isfinite(score)]
    if not finished:
        return None
    values = [score for _, score in finished]
    best = int(np.argmax(values))
    collapsed = [run.id for run, score in finished if values[best] > 0 and score / values[best] < _COLLAPSED_BELOW]
    return GroupSummary(metric, tuple(values), finished[best][0], tuple(collapsed))


def _validation_score(run: Run, metric: str) -> float:
    """The score of a run; NaN if it has no readable result."""
    try:
        result = run.result()
    except StorageError:
        return float("nan")
    return result.validation.get(metric, float("nan")) if result else float("nan")


def runs_by_group(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs that were started together, by the id of their group, each in the order of their numbers."""
    numbered: dict[str, list[tuple[int, Run]]] = {}
    for run in runs:
        if run.group:
            numbered.setdefault(run.group.id, []).append((run.group.number, run))
    return {
        identifier: [run for _, run in sorted(members, key=lambda member: member[0])]
        for identifier, members in numbered.items()
    }


def _create_group(
    workspace: Workspace,
    dataset: Dataset,
    kind: Literal["seeds", "folds"],
    members: Sequence[tuple[Splits, TrainingConfig, str]],
) -> list[Run]:
    identifier = uuid.uuid4().hex[:8]
    return [
        create_run(
            workspace,
            splits,
            config,
            f"{dataset.name}, {suffix}",
            RunSource(dataset.ref, dataset.split_config, RunGroup(identifier, kind, number, len(members))),
        )
        for number, (splits, config, suffix) in enumerate(members, 1)
    ]


def _check_count(count: int, noun: str) -> None:
    if not 2 <= count <= MAX_RUNS:
        raise ConfigError(
            f"Expected between 2 and {MAX_RUNS} {noun}, found {count}.", f"Choose a number of {noun} in that range."
        )
