"""How good a finished run is, as it answers with its decision: measured once, kept beside it, compared with others.

::

    <run>/evaluation/<split>/measures.json   every measure of the model and of each baseline, with intervals
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from core import decision_rule
from core.data.splitting import fingerprint
from core.data.table import hashes
from core.decision_rule import DecisionRule
from core.errors import RunError
from core.evaluation import comparison
from core.evaluation.comparison import Comparison
from core.evaluation.decisions import thresholds
from core.evaluation.diagnostics import mistakes
from core.evaluation.metrics import compute
from core.evaluation.metrics.estimate import MetricEstimate
from core.evaluation.statistics.counts import Targets
from core.runs import MODEL, Run
from core.task import Floats, Task
from core.workspace import read_json, write_json

INSTANT = "instant"
_SPLITS = ("validation", "test")


def titles(task: Task) -> dict[str, str]:
    """What the baselines of a task are called, in the order in which they are shown."""
    constant = "Always the mean" if task.kind == "regression" else "Majority class"
    return {"majority": constant, "tfidf": "TF-IDF + linear", INSTANT: "Instant model"}


def available_predictions(run: Run, split: str) -> dict[str, str]:
    """Whose answers to a split there are, by name: the model, then its baselines."""
    kept = {source: title for source, title in titles(run.task).items() if run.has_logits(split, source)}
    return {MODEL: "This model"} | kept


@dataclass(frozen=True)
class RunPredictions:
    """What a run answered to the rows of a split: targets, outputs after the temperature, and the thresholds."""

    task: Task
    frame: pd.DataFrame
    targets: Targets
    logits: Floats
    decision: DecisionRule

    @property
    def decided(self) -> Targets:
        """The answers in the form of the targets."""
        return thresholds.decide(self.task, self.logits, self.decision.limits)

    def prediction_table(self) -> pd.DataFrame:
        """Each row with its answer: see :func:`core.evaluation.diagnostics.mistakes.prediction_table`."""
        return mistakes.prediction_table(self.task, self.frame, self.logits, self.decision.limits)


def answers(run: Run, split: str, kept: DecisionRule | None = None) -> RunPredictions:
    """The model's answers to a split, with another decision than the kept one if it is given."""
    kept = kept or decision_rule.load(run.model_folder)
    frame = run.split(split)
    targets = run.task.encode(frame["label"].tolist())
    return RunPredictions(run.task, frame, targets, kept.scaled(run.task, run.logits(split)), kept)


def assess(run: Run) -> None:
    """Choose the decision on validation, keep it with the model, and measure every split: the end of a training."""
    targets = run.task.encode(run.split("validation")["label"].tolist())
    decision_rule.save(decision_rule.fit(run.task, targets, run.logits("validation")), run.model_folder)
    for split in _SPLITS:
        metric_estimates(run, split)


def metric_estimates(run: Run, split: str) -> dict[str, list[MetricEstimate]]:
    """Every measure of the model and of its baselines on a split; measured again only when the decision has changed."""
    kept = decision_rule.load(run.model_folder)
    path = run.folder / "evaluation" / split / "measures.json"
    if path.exists():
        record = read_json(path)
        if record["decision"] == _plain(asdict(kept)):
            return {source: [_from_json(each) for each in found] for source, found in record["measures"].items()}
    ours = answers(run, split, kept)
    found = {
        source: compute.compute_metrics(run.task, ours.targets, ours.logits, kept.limits)
        if source == MODEL
        else compute.compute_metrics(run.task, ours.targets, run.logits(split, source))
        for source in available_predictions(run, split)
    }
    record = {
        "decision": _plain(asdict(kept)),
        "measures": {source: [_plain(asdict(each)) for each in of_one] for source, of_one in found.items()},
    }
    write_json(path, record)
    return found


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    """Without what JSON does not have: NaN as null, tuples as lists."""
    return {
        name: None
        if isinstance(value, float) and not math.isfinite(value)
        else list(value)
        if isinstance(value, tuple)
        else value
        for name, value in record.items()
    }


def _from_json(record: dict[str, Any]) -> MetricEstimate:
    values: dict[str, Any] = {name: math.nan if value is None else value for name, value in record.items()}
    return MetricEstimate(**values)


@dataclass(frozen=True)
class BaselineComparison:
    """What the model adds to a baseline, and whether it paid, in a sentence."""

    baseline: str
    comparison: Comparison
    sentence: str


def compare_with_baselines(run: Run, split: str) -> list[BaselineComparison]:
    """The model against each baseline that could have been had for less, the dearest first; none without rows."""
    ours = answers(run, split)
    if len(ours.targets) == 0:
        return []
    named = "Fine-tuning" if run.record.config["method"] == "fine-tune" else "The encoder"
    found = []
    for source, title in reversed(available_predictions(run, split).items()):
        if source in (MODEL, "majority"):
            continue
        compared = comparison.compare(
            run.task,
            ours.targets,
            ours.logits,
            run.logits(split, source),
            names=("This model", title),
            thresholds=(ours.decision.limits, None),
            split=split,
        )
        the = "the instant model" if source == INSTANT else title
        found.append(BaselineComparison(title, compared, comparison.describe_comparison(compared, named, the)))
    return found


def compare_runs(first: Run, second: Run, split: str = "test", metric: str = "") -> tuple[Comparison, pd.DataFrame]:
    """Two runs on the same rows: the comparison, and the rows they answer differently (text, actual, one column a run).

    Raises:
        RunError: they learned different tasks, or were measured on other rows.
    """
    if first.task != second.task:
        raise RunError(
            f"{first.name} and {second.name} have different labels or kinds of task.",
            "Choose two runs on the same data.",
        )
    ours, theirs = answers(first, split), answers(second, split)
    if fingerprint(ours.frame) != fingerprint(theirs.frame):
        raise RunError(
            f"{first.name} and {second.name} were measured on different {split} rows "
            f"({len(ours.frame):,} and {len(theirs.frame):,}), so their scores do not say which is better.",
            "Train both on the same data set with the same split.",
        )
    here, there = _order(ours.frame), _order(theirs.frame)
    found = comparison.compare(
        first.task,
        ours.targets[here],
        ours.logits[here],
        theirs.logits[there],
        metric,
        (first.name, second.name),
        (ours.decision.limits, theirs.decision.limits),
        split,
    )
    where = here[found.disagree]
    frame = ours.frame.iloc[where]
    table = pd.DataFrame({"text": frame["text"].to_numpy(), "actual": list(frame["label"])})
    table["first"] = pd.Series(first.task.decode(ours.decided[where]), dtype=object)
    table["second"] = pd.Series(second.task.decode(theirs.decided[there[found.disagree]]), dtype=object)
    return found, table


def _order(frame: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Positions of the rows in an order that the contents alone decide."""
    return np.lexsort((hashes(frame["label"]), hashes(frame["text"])))


def side_by_side(runs: list[Run], split: str) -> pd.DataFrame:
    """A line a run: its measures with intervals (value, low, high), seconds of training, size, speed, and what was set."""
    rows = []
    for run in runs:
        result = run.result()
        if result is None:
            raise RunError(f"{run.name} has no results yet.", "Wait until it has finished.")
        row: dict[str, Any] = {"run": run.name}
        for each in metric_estimates(run, split)[MODEL]:
            row |= {each.name: each.value, f"{each.name}_low": each.low, f"{each.name}_high": each.high}
        row |= {
            "training_seconds": result.seconds,
            "megabytes": sum(file.stat().st_size for file in run.model_folder.rglob("*") if file.is_file()) / 1e6,
            "seconds_per_1000_texts": 1000 / max(result.texts_per_second, 1e-9),
        }
        rows.append(row)
    return pd.DataFrame(rows)


def differing_settings(runs: list[Run]) -> pd.DataFrame:
    """The settings in which runs differ, a line each: setting, then one column a run by its position."""
    settings = [{**run.record.config, "data set": run.record.dataset["name"]} for run in runs]
    names = [name for name in settings[0] if len({repr(each.get(name)) for each in settings}) > 1]
    return pd.DataFrame(
        [
            {"setting": name.replace("_", " ")} | {str(i): str(each.get(name)) for i, each in enumerate(settings)}
            for name in names
        ],
        columns=["setting", *(str(i) for i in range(len(runs)))],
    )
