"""What corrections of labels brought: a run compared with an earlier one on the labels before them, on the same test rows.

Only rows that both runs held out are compared, so neither model was trained on them. A row whose label was changed favors the
newer model where a model suggested the change, so the verdict is given on rows whose label stayed, and the changed rows are told
apart.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from core.data.columns import SPLITS
from core.data.dataset import find_dataset
from core.errors import StudioError
from core.evaluation import comparison
from core.evaluation.comparison import Comparison, ModelOutputs
from core.formatting import pluralize
from core.run_evaluation import load_predictions
from core.runs import Run
from core.types import BoolArray, IndexArray
from core.workspace import workspace_containing

QUESTION = "What did the label fixes bring?"
# With fewer shared rows with unchanged labels there is nothing to compare.
MIN_ROWS = 10
# A dataset of which fewer rows stayed is another one.
_MIN_KEPT = 0.5


@dataclass(frozen=True)
class Fixes:
    """How many rows have another label in the newer run, and how many were added and removed."""

    relabeled: int
    added: int
    removed: int

    @property
    def text(self) -> str:
        """The changes in words: "37 labels corrected, 2 rows added"."""
        parts = [f"{pluralize(self.relabeled, 'label')} corrected"] if self.relabeled else []
        parts += [f"{pluralize(self.added, 'row')} added"] if self.added else []
        parts += [f"{pluralize(self.removed, 'row')} removed"] if self.removed else []
        return ", ".join(parts)


@dataclass(frozen=True)
class LabelFixes:
    """What the fixes between an earlier run and this one brought.

    ``comparison`` is on the rows of the split that both runs have with the same label, this run first; ``with_relabeled`` also
    on those with another label, judged by the new one; None where there are none. ``relabeled_rows`` counts these. ``settings``
    names the settings in which the runs differ, too.
    """

    earlier: Run
    fixes: Fixes
    comparison: Comparison
    relabeled_rows: int
    with_relabeled: Comparison | None
    settings: tuple[str, ...]

    @property
    def headline(self) -> str:
        """The verdict in a few words: "37 labels corrected: F1 (macro) +0.6 points (95% interval +0.1 to +1.1)."."""
        return f"{self.fixes.text}: {_difference(self.comparison)}."

    @property
    def sentences(self) -> list[str]:
        """The headline, and what one must know to judge it."""
        compared = self.comparison
        verdict = {True: "The model is better", False: "The model is worse", None: "That may be chance"}[
            compared.better
        ]
        rows = f"{compared.row_count} that neither model was trained on and whose label stayed"
        sentences = [self.headline, f"{verdict}, measured against “{self.earlier.name}” on {rows}."]
        if self.with_relabeled is not None:
            sentences.append(
                f"With the {pluralize(self.relabeled_rows, 'relabeled row')}, by the new labels: "
                f"{_difference(self.with_relabeled)}. A label that a model suggested favors the newer model, so this is not the "
                "verdict."
            )
        if self.settings:
            sentences.append(
                f"The settings differ, too ({', '.join(self.settings)}), so the fixes are not the only cause."
            )
        else:
            sentences.append("Each model was trained once; another seed also changes a score a little.")
        return sentences

    def to_json(self) -> dict[str, object]:
        """A JSON object with the figures."""
        return {
            "earlier_run": self.earlier.id,
            **asdict(self.fixes),
            "metric": self.comparison.metric.name,
            "rows": self.comparison.rows,
            "difference": self.comparison.difference,
            "interval": [self.comparison.low, self.comparison.high],
            "better": self.comparison.better,
            "relabeled_rows": self.relabeled_rows,
            "difference_with_relabeled": self.with_relabeled and self.with_relabeled.difference,
            "settings": list(self.settings),
        }


def _difference(compared: Comparison) -> str:
    metric = compared.metric
    size, low, high = (metric.format_difference(value) for value in (compared.difference, compared.low, compared.high))
    unit = " points" if metric.format == "percent" else ""
    return f"{metric.title} {size}{unit} (95% interval {low} to {high})"


def find_label_fixes(run: Run, runs: Sequence[Run], split: str) -> LabelFixes | None:
    """What label fixes since an earlier one of the finished ``runs`` brought, on a split; None where there are none to tell.

    The earlier run learned the same task on an earlier state of the dataset, or on the dataset that was corrected. One with the
    same settings comes first, then the newest.

    Raises:
        StorageError: a stored file of the runs is damaged.
    """
    ancestors = _ancestors(run)
    earlier = [
        other
        for other in runs
        if other.created <= run.created
        and other.id != run.id
        and other.task == run.task
        and other.dataset.fingerprint != run.dataset.fingerprint
        and other.dataset.id in ancestors
        and other.result() is not None
        and other.sizes[split]
        and other.has_logits(split)
    ]
    if not earlier or not run.sizes[split] or not run.has_logits(split):
        return None
    newest = sorted(earlier, key=lambda other: (not _differing_settings(run, other), other.created))[-1]
    return _compare(run, newest, split)


def _ancestors(run: Run) -> set[str]:
    """The id of the run's dataset and that of the dataset it was corrected from."""
    if not run.dataset.id:
        return set()
    try:
        parent = find_dataset(workspace_containing(run.folder), run.dataset.id).parent
    except StudioError:  # the dataset has been deleted
        parent = None
    return {run.dataset.id} | ({parent.id} if parent else set())


def _compare(run: Run, earlier: Run, split: str) -> LabelFixes | None:
    fixes = _count_fixes(earlier, run)
    if fixes is None:
        return None
    new, old = load_predictions(run, split), load_predictions(earlier, split)
    new_rows, old_rows = _match_rows(new.frame, old.frame)
    stayed = np.asarray(
        [
            _key(a) == _key(b)
            for a, b in zip(new.frame["label"].iloc[new_rows], old.frame["label"].iloc[old_rows], strict=True)
        ],
        dtype=bool,
    )
    if stayed.sum() < MIN_ROWS:
        return None

    def compare(kept: BoolArray) -> Comparison:
        ours, theirs = new_rows[kept], old_rows[kept]
        units = None if new.units is None else new.units[ours]
        return comparison.compare(
            run.task,
            new.targets[ours],
            ModelOutputs(run.name, new.logits[ours], new.rule.thresholds, units),
            ModelOutputs(earlier.name, old.logits[theirs], old.rule.thresholds),
            split=split,
        )

    relabeled = int((~stayed).sum())
    everything = compare(np.ones(len(stayed), dtype=bool)) if relabeled else None
    return LabelFixes(earlier, fixes, compare(stayed), relabeled, everything, tuple(_differing_settings(run, earlier)))


def _count_fixes(earlier: Run, run: Run) -> Fixes | None:
    """The changes of labels and rows between two runs, all splits together; None if no label changed or most rows did."""
    old, new = (
        pd.concat([part.split(name)[["text", "label"]] for name in SPLITS if part.sizes[name]])
        for part in (earlier, run)
    )
    new_rows, old_rows = _match_rows(new, old)
    if len(new_rows) < _MIN_KEPT * max(len(new), len(old)):
        return None
    labels = zip(new["label"].iloc[new_rows], old["label"].iloc[old_rows], strict=True)
    relabeled = sum(_key(a) != _key(b) for a, b in labels)
    fixes = Fixes(relabeled, len(new) - len(new_rows), len(old) - len(old_rows))
    return fixes if fixes.text else None


def _match_rows(new: pd.DataFrame, old: pd.DataFrame) -> tuple[IndexArray, IndexArray]:
    """The positions of rows with the same text in both frames, (rows,) each; equal texts are paired in their order."""
    numbered = [
        pd.DataFrame({"text": frame["text"].to_numpy(), "position": np.arange(len(frame))}).assign(
            occurrence=lambda part: part.groupby("text").cumcount()
        )
        for frame in (new, old)
    ]
    both = numbered[0].merge(numbered[1], on=["text", "occurrence"], suffixes=("_new", "_old"))
    return both["position_new"].to_numpy(dtype=np.intp), both["position_old"].to_numpy(dtype=np.intp)


def _key(label: object) -> object:
    """A label as something to compare: several labels in any order."""
    return frozenset(label) if isinstance(label, list) else label


def _differing_settings(run: Run, other: Run) -> list[str]:
    """The names of the settings in which two runs differ."""
    ours, theirs = asdict(run.config), asdict(other.config)
    return [name.replace("_", " ") for name in ours if ours[name] != theirs.get(name)]
