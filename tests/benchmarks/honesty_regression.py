"""How often 95% intervals of regression metrics hold the true value, or say that they may not, with heavy-tailed errors too."""

from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np

from core.evaluation.metrics.compute import compute_metrics
from core.task import Task
from core.types import FloatArray
from tests.benchmarks.honesty_rows import HonestyRow

# Numbers of rows, with the number of test sets of each: enough to measure a coverage of 0.95 to 0.02.
_SETS = {50: 300, 200: 300, 600: 120}
# Draws of errors with the mean absolute error and the mean squared error that they have.
_Draw = Callable[[np.random.Generator, int], FloatArray]
_ERRORS: dict[str, tuple[_Draw, float, float]] = {
    "normal": (lambda rng, n: rng.normal(0, 1, n), float(np.sqrt(2 / np.pi)), 1.0),
    "t5": (lambda rng, n: rng.standard_t(5, n), 0.949, 5 / 3),
    "t2.5": (lambda rng, n: rng.standard_t(2.5, n), 1.206, 5.0),
    "exponential": (lambda rng, n: rng.exponential(1, n) * rng.choice([-1.0, 1.0], n), 1.0, 2.0),
}
_METRICS = ("mae", "rmse")


def regression_rows() -> Iterator[HonestyRow]:
    """The lowest share of intervals that hold the truth or carry a warning, and the share of normal errors with a warning."""
    kept: dict[str, list[float]] = defaultdict(list)
    warned = 0
    for name, (draw, mae, mse) in _ERRORS.items():
        truth = {"mae": mae, "rmse": float(np.sqrt(mse))}
        for rows, sets in _SETS.items():
            rng = np.random.default_rng([rows, len(name), 79])
            held: dict[str, list[bool]] = defaultdict(list)
            for _ in range(sets):
                y_true = rng.normal(0, 3, rows)
                logits = (y_true + draw(rng, rows))[:, None].astype(np.float32)
                for estimate in compute_metrics(Task("regression", ()), y_true, logits):
                    if estimate.name in _METRICS:
                        covers = estimate.low <= truth[estimate.name] <= estimate.high
                        held[estimate.name].append(covers or not estimate.is_trusted)
                        warned += (
                            name == "normal" and rows >= 200 and estimate.name == "rmse" and not estimate.is_trusted
                        )
            for metric, found in held.items():
                kept[metric].append(float(np.mean(found)))
    settings, sets = len(_ERRORS) * len(_SETS), min(_SETS.values())
    how = f"lowest of {settings} settings, {sets} test sets or more each; a warning counts as kept"
    for metric, shares in kept.items():
        yield HonestyRow(f"covered_or_warned_{metric}", 0.92, min(shares), how=how)
    false_warnings = warned / sum(sets for rows, sets in _SETS.items() if rows >= 200)
    yield HonestyRow(
        "warned_of_normal_errors", 0.1, false_warnings, False, "share", "RMSE of normal errors, 200 or 600 rows"
    )
