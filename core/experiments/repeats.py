"""Several runs of one question: other seeds, or other folds of train and validation. The test rows stay the same, and locked."""

import uuid
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold

from core.data.dataset import Dataset, load_labelled
from core.data.splitting import Splits, split, split_groups
from core.errors import ConfigError
from core.evaluation.metrics.summary import MAIN_METRIC
from core.runs import Run, create_run
from core.training.config import TrainingConfig
from core.workspace import Workspace

MOST_RUNS = 10
# A run this far below the best of its group, as a share of the best, has collapsed (Dodge et al. 2020 see such runs apart).
_COLLAPSED = 0.7


@dataclass(frozen=True)
class GroupSummary:
    """How the runs of a group came out on validation: the main metric of each, mean, standard deviation, and the best run."""

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
    """Runs that differ in their seed alone, ready to start.

    Raises:
        ConfigError: ``count`` is not between 2 and ``MOST_RUNS``.
    """
    _check(count, "seeds")
    splits = split(load_labelled(dataset), dataset.split_config)
    configs = [replace(config, seed=config.seed + i) for i in range(count)]
    return _group(workspace, dataset, [(splits, c, f"seed {c.seed}") for c in configs], "seeds")


def create_fold_runs(workspace: Workspace, dataset: Dataset, config: TrainingConfig, count: int) -> list[Run]:
    """Runs each of which validates on another part of the train and validation rows, ready to start.

    Rows that must stay together (equal or nearly equal texts, groups) are in one fold; classes have their share of each.

    Raises:
        ConfigError: ``count`` is not between 2 and ``MOST_RUNS``, or there are fewer rows than folds.
    """
    _check(count, "folds")
    labeled = load_labelled(dataset)
    groups = labeled.frame.set_index("row")["group"]
    dealt = folds(
        split(labeled, dataset.split_config), count, config.seed, groups, dataset.split_config.group_near_duplicates
    )
    parts = [(folded, config, f"fold {i} of {count}") for i, folded in enumerate(dealt, 1)]
    return _group(workspace, dataset, parts, "folds")


def folds(
    splits: Splits, count: int, seed: int, groups: "pd.Series[str] | None" = None, group_near_duplicates: bool = True
) -> list[Splits]:
    """The train and validation rows dealt out anew, ``count`` times; the test rows as they are.

    ``groups`` names the group of each row number (empty for none); rows of one are in one fold.

    Raises:
        ConfigError: there are fewer units of rows than folds.
    """
    rows = pd.concat([splits.train, splits.validation], ignore_index=True)
    unit = split_groups(rows.assign(group="" if groups is None else rows["row"].map(groups)), group_near_duplicates)
    first = np.unique(unit, return_index=True)[1]
    if len(first) < count:
        raise ConfigError(f"{len(first)} different texts cannot make {count} folds.", "Choose fewer folds.")
    one_label = splits.task.one_label
    strata = rows["label"].astype(str).iloc[first].to_numpy() if one_label else np.zeros(len(first))
    dealer = StratifiedKFold if one_label and pd.Series(strata).value_counts().max() >= count else KFold
    place = np.zeros(len(first), dtype=int)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class")  # it has its share of some folds
        for fold, (_, held) in enumerate(dealer(count, shuffle=True, random_state=seed).split(first, strata)):
            place[held] = fold
    of_row = place[unit]
    return [
        replace(
            splits,
            train=rows[of_row != fold].reset_index(drop=True),
            validation=rows[of_row == fold].reset_index(drop=True),
        )
        for fold in range(count)
    ]


def summarize(runs: Sequence[Run]) -> GroupSummary | None:
    """What the finished runs of a group came to; None while none has finished with a number."""
    results = [(run, result.validation[MAIN_METRIC[run.task.kind]]) for run in runs if (result := run.result())]
    finished = [(run, value) for run, value in results if np.isfinite(value)]
    if not finished:
        return None
    values = [value for _, value in finished]
    best = int(np.argmax(values))
    share = [value / values[best] if values[best] > 0 else 1.0 for value in values]
    low = [run.id for (run, _), value in zip(finished, share, strict=True) if value < _COLLAPSED]
    return GroupSummary(MAIN_METRIC[runs[0].task.kind], tuple(values), finished[best][0], tuple(low))


def groups(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Runs that were started together, by the id of their group, each in the order of their numbers."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        if run.record.group:
            found.setdefault(run.record.group["id"], []).append(run)
    return {key: sorted(members, key=lambda run: run.record.group["number"]) for key, members in found.items()}


def _group(
    workspace: Workspace, dataset: Dataset, parts: Sequence[tuple[Splits, TrainingConfig, str]], kind: str
) -> list[Run]:
    identity = uuid.uuid4().hex[:8]
    source = {"id": dataset.id, "name": dataset.name, "fingerprint": dataset.fingerprint}
    return [
        create_run(
            workspace,
            splits,
            config.to_json(),
            f"{dataset.name}, {what}",
            source,
            dataset.split_config,
            {"id": identity, "kind": kind, "number": number, "of": len(parts)},
        )
        for number, (splits, config, what) in enumerate(parts, 1)
    ]


def _check(count: int, what: str) -> None:
    if not 2 <= count <= MOST_RUNS:
        raise ConfigError(f"Expected between 2 and {MOST_RUNS} {what}, found {count}.")
