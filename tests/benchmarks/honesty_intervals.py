"""How often 95% intervals hold the true value where classes are rare, and where rows depend on one another."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from core.evaluation.comparison import ModelOutputs, compare
from core.evaluation.metrics.compute import compute_metrics
from core.evaluation.metrics.estimate import MetricEstimate
from core.task import Floats, Task
from core.types import FloatArray, IndexArray, Targets
from tests.benchmarks.honesty_rows import HonestyRow

WANTED = 0.92
_ROWS = (50, 200, 1_000)
# Fewer make the lowest of many settings a matter of luck: with 450 intervals, a coverage of 0.95 is measured to 0.01.
_SETS = 150
_MIN_INTERVALS = 100
_TRUTH_ROWS = 100_000
_SHARES = {
    "50/50": (0.5, 0.5),
    "90/10": (0.9, 0.1),
    "98/2": (0.98, 0.02),
    "five skewed classes": tuple(16 / 31 / 2**i for i in range(5)),
}
# With the last one, a model makes so few mistakes that its log loss hangs on a handful of rows.
_DISTANCES = (1.2, 2.2, 3.2)
_LABELS = 10
_CLASS_METRICS = (
    "accuracy",
    "balanced_accuracy",
    "f1_macro",
    "f1_weighted",
    "matthews",
    "roc_auc",
    "average_precision",
    "log_loss",
)
_LABEL_METRICS = ("f1_micro", "f1_macro", "subset_accuracy", "hamming_loss", "roc_auc", "average_precision")
_GROUP = 10
_ICC = 0.3
_GROUPED_ROWS = (200, 1_000)
_GROUPED_SETS = 120
_GROUPED_ACCURACY = 0.85
_BINARY = Task("binary", ("no", "yes"))

Draw = Callable[[np.random.Generator, int], tuple[Targets, Floats]]


def interval_rows() -> Iterator[HonestyRow]:
    """The lowest coverage of each metric over all settings, in groups too, and the false verdicts in groups."""
    coverage: dict[str, list[float]] = defaultdict(list)
    settings = [(shares, rows) for shares in (*_SHARES.values(), ()) for rows in _ROWS]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for held in pool.map(_held_in_setting, *zip(*settings, strict=True)):
            for name, found in held.items():
                if len(found) >= _MIN_INTERVALS:
                    coverage[name].append(float(np.mean(found)))
    how = f"lowest of {{}} settings, {_SETS} test sets of each model, of intervals without a warning"
    for name, shares in coverage.items():
        yield HonestyRow(f"coverage_{name}", WANTED, min(shares), how=how.format(len(shares)))
    for rows in _GROUPED_ROWS:
        yield from _grouped(rows)


def _held_in_setting(class_shares: tuple[float, ...], rows: int) -> dict[str, list[bool]]:
    """Whether each interval without a warning holds the true value, by metric, for all models of a setting."""
    held: dict[str, list[bool]] = defaultdict(list)
    models = [_classes(np.asarray(class_shares), d) for d in _DISTANCES] if class_shares else [_rare_labels()] * 2
    for number, (task, draw, metrics) in enumerate(models):
        for name, found in _held(task, draw, metrics, rows, 1_000 * number + rows).items():
            held[f"{'class' if class_shares else 'label'}_{name}"] += found
    return held


def _grouped(rows: int) -> Iterator[HonestyRow]:
    """Coverage in groups of 10 rows whose errors are alike, and verdicts on two models that are equally good."""
    rng = np.random.default_rng(rows + 7)
    units = np.arange(rows) // _GROUP
    held: dict[str, list[bool]] = defaultdict(list)
    verdicts = 0
    for _ in range(_GROUPED_SETS):
        y_true = rng.integers(0, 2, rows)
        outputs = [_grouped_logits(rng, y_true, units) for _ in range(2)]
        for estimate in compute_metrics(_BINARY, y_true, outputs[0], (), units):
            # With equal classes and errors, all of these are the accuracy.
            if estimate.name in ("accuracy", "balanced_accuracy", "f1_macro"):
                held[estimate.name].append(estimate.low <= _GROUPED_ACCURACY <= estimate.high)
        first, second = (ModelOutputs(name, logits, (), units) for name, logits in zip("ab", outputs, strict=True))
        verdicts += compare(_BINARY, y_true, first, second).better is not None
    how = f"{_GROUPED_SETS} test sets of {rows} rows in groups of {_GROUP}, intra-class correlation {_ICC}"
    for name, found in held.items():
        yield HonestyRow(f"grouped_coverage_{name}_{rows}", WANTED, float(np.mean(found)), how=how)
    yield HonestyRow(f"grouped_false_verdicts_{rows}", 0.07, verdicts / _GROUPED_SETS, at_least=False, how=how)


def _grouped_logits(rng: np.random.Generator, y_true: Targets, units: IndexArray) -> Floats:
    """Predictions of which a share is correct that varies between groups as the intra-class correlation says (beta-binomial)."""
    strength = (1 - _ICC) / _ICC
    share = rng.beta(_GROUPED_ACCURACY * strength, (1 - _GROUPED_ACCURACY) * strength, units.max() + 1)
    predicted = np.where(rng.random(len(y_true)) < share[units], y_true, 1 - y_true)
    return np.asarray(np.eye(2)[predicted] * 2, dtype=np.float32)


def _classes(shares: FloatArray, distance: float) -> tuple[Task, Draw, tuple[str, ...]]:
    """Gaussian classes with known posteriors."""
    names = tuple(f"c{i}" for i in range(len(shares)))
    means = np.eye(len(shares)) * distance

    def draw(rng: np.random.Generator, rows: int) -> tuple[Targets, Floats]:
        y_true = rng.choice(len(shares), rows, p=shares)
        noise = rng.normal(size=(rows, len(shares)))
        x = means[y_true] + noise
        return y_true, (x @ means.T - (means**2).sum(axis=1) / 2 + np.log(shares)).astype(np.float32)

    return Task("binary" if len(shares) == 2 else "multiclass", names), draw, _CLASS_METRICS


def _rare_labels() -> tuple[Task, Draw, tuple[str, ...]]:
    """Ten labels, each in 1% to 8% of the rows."""
    shares = np.linspace(0.01, 0.08, _LABELS)

    def draw(rng: np.random.Generator, rows: int) -> tuple[Targets, Floats]:
        y_true = (rng.random((rows, _LABELS)) < shares).astype(np.float32)
        x = 2.5 * y_true + rng.normal(size=y_true.shape)
        return y_true, (2.5 * x - 2.5**2 / 2 + np.log(shares / (1 - shares))).astype(np.float32)

    return Task("multilabel", tuple(f"l{i}" for i in range(_LABELS))), draw, _LABEL_METRICS


def _held(task: Task, draw: Draw, metrics: tuple[str, ...], rows: int, seed: int) -> dict[str, list[bool]]:
    """Whether each interval without a warning holds the true value, by metric."""
    rng = np.random.default_rng(seed)
    y_true, logits = draw(rng, _TRUTH_ROWS)
    truth = _by_name(compute_metrics(task, y_true, logits))
    held: dict[str, list[bool]] = defaultdict(list)
    for _ in range(_SETS):
        y_true, logits = draw(rng, rows)
        for name, estimate in _by_name(compute_metrics(task, y_true, logits)).items():
            if name in metrics and estimate.is_trusted and np.isfinite(estimate.low):
                held[name].append(estimate.low <= truth[name].value <= estimate.high)
    return held


def _by_name(estimates: list[MetricEstimate]) -> dict[str, MetricEstimate]:
    return {estimate.name: estimate for estimate in estimates}
