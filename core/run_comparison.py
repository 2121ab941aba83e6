"""Two or more runs compared: their scores on the same rows, what they cost, and the settings in which they differ."""

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.data.splitting import fingerprint
from core.data.table import hash_cells
from core.errors import RunError
from core.evaluation import comparison
from core.evaluation.comparison import Comparison, ModelOutputs
from core.run_evaluation import load_predictions, metric_estimates
from core.runs import MODEL, Run


def compare_runs(first: Run, second: Run, split: str = "test", metric: str = "") -> tuple[Comparison, pd.DataFrame]:
    """Two runs compared on the same rows, and the rows where their predictions differ (text, actual, first, second).

    Raises:
        RunError: they learned different tasks, or were measured on different rows.
    """
    if first.task != second.task:
        raise RunError(
            f"{first.name} and {second.name} have different labels or kinds of task.",
            "Choose two runs on the same data.",
        )
    ours, theirs = load_predictions(first, split), load_predictions(second, split)
    if fingerprint(ours.frame) != fingerprint(theirs.frame):
        raise RunError(
            f"{first.name} and {second.name} were measured on different {split} rows "
            f"({len(ours.frame):,} and {len(theirs.frame):,}), so their scores cannot be compared.",
            "Train both on the same dataset with the same split.",
        )
    our_order, their_order = _canonical_order(ours.frame), _canonical_order(theirs.frame)
    compared = comparison.compare(
        first.task,
        ours.targets[our_order],
        ModelOutputs(
            first.name,
            ours.logits[our_order],
            ours.rule.thresholds,
            None if ours.units is None else ours.units[our_order],
        ),
        ModelOutputs(second.name, theirs.logits[their_order], theirs.rule.thresholds),
        metric,
        split,
    )
    our_rows, their_rows = our_order[compared.disagreements], their_order[compared.disagreements]
    frame = ours.frame.iloc[our_rows]
    table = pd.DataFrame({"text": frame["text"].to_numpy(), "actual": list(frame["label"])})
    for name, run_predictions, rows in (("first", ours, our_rows), ("second", theirs, their_rows)):
        table[name] = pd.Series(first.task.decode(run_predictions.predictions.predicted[rows]), dtype=object)
    return compared, table


def _canonical_order(frame: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Positions of the rows in an order that depends on the contents alone."""
    return np.lexsort((hash_cells(frame["label"]), hash_cells(frame["text"])))


def compare_costs(runs: list[Run], split: str) -> pd.DataFrame:
    """A row for each run: metrics with intervals (value, low, high), seconds of training, model size, speed of prediction."""
    rows = []
    for run in runs:
        result = run.result()
        if result is None:
            raise RunError(f"{run.name} has no results yet.", "Wait until it has finished.")
        row: dict[str, Any] = {"run": run.name}
        for estimate in metric_estimates(run, split)[MODEL]:
            name = estimate.name
            row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        row |= {
            "training_seconds": result.seconds,
            "megabytes": sum(file.stat().st_size for file in run.model_folder.rglob("*") if file.is_file()) / 1e6,
            "seconds_per_1000_texts": 1000 / max(result.texts_per_second, 1e-9),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def differing_settings(runs: list[Run]) -> pd.DataFrame:
    """The settings in which runs differ: the column setting, then a column for each run, named by its position."""
    settings = [{**asdict(run.config), "dataset": run.dataset.name} for run in runs]
    names = [name for name in settings[0] if len({repr(setting.get(name)) for setting in settings}) > 1]
    return pd.DataFrame(
        [
            {"setting": name.replace("_", " ")} | {str(i): str(setting.get(name)) for i, setting in enumerate(settings)}
            for name in names
        ],
        columns=["setting", *(str(i) for i in range(len(runs)))],
    )
