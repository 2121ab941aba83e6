"""What rows that depend on one another, class weights, noise and absent labels must not do, simulated with known truth."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from core.analysis.label_errors import Folds, find_label_issues_classification
from core.data.near_duplicates import group_ids
from core.evaluation.decisions import abstention, calibration
from core.evaluation.decisions.weight_correction import fit_calibration
from core.evaluation.diagnostics.learning_curve import extrapolate
from core.evaluation.diagnostics.slices import find_slices
from core.evaluation.metrics.compute import compute_metrics
from core.task import Floats, Task
from core.types import BoolArray, FloatArray, IndexArray, Targets
from tests.benchmarks.honesty_rows import HonestyRow

_SETS, _CURVES, _SLICED = 150, 60, 60
# Numbers of rows of a group, as often as each other.
_GROUP_SIZES = (1, 3, 8, 20)
_SHARES = np.asarray([0.8, 0.13, 0.07])
_WEIGHTS = 1 / (3 * _SHARES)
_WEIGHTED = Task("multiclass", ("common", "rare", "rarest"))


def unit_rows() -> Iterator[HonestyRow]:
    """All rows of this module."""
    yield from _guarantee_rows()
    yield from _calibration_rows()
    yield _slice_row()
    yield from _weight_rows()
    yield _label_error_row()
    yield from _curve_rows()
    yield _absent_labels_row()
    yield _emoji_row()


def _grouped(rows: int, rng: np.random.Generator) -> tuple[FloatArray, BoolArray, IndexArray]:
    """Confidences and correctness of a calibrated model, and units: the rows of one share their text and their outcome."""
    sizes = rng.choice(_GROUP_SIZES, rows)
    units = np.repeat(np.arange(rows), sizes)[:rows]
    probability = 0.5 + rng.beta(2.2, 0.5, rows) / 2
    correct = rng.random(rows) < probability
    return probability[units], correct[units], units


def _guarantee_rows() -> Iterator[HonestyRow]:
    """How often new accuracy is below a guaranteed target where texts occur several times."""
    for rows, target in ((900, 0.93), (3_000, 0.95)):
        new = _grouped(200_000, np.random.default_rng(rows))
        broken = given = 0
        for seed in range(_SETS):
            data = _grouped(rows, np.random.default_rng([seed, rows, 53]))
            chosen = abstention.choose_guaranteed_threshold(data[0], data[1], target, units=data[2])
            if chosen.answered:
                given += 1
                broken += bool(new[1][new[0] >= chosen.threshold].mean() < target)
        how = f"{_SETS} sets of {rows} rows in groups of 1 to 20, {given} with a guarantee"
        yield HonestyRow(f"guarantee_broken_in_groups_{target:.0%}", 0.1, broken / _SETS, False, "share", how)


def _calibration_rows() -> Iterator[HonestyRow]:
    """The calibration error of a calibrated model whose texts occur several times, and how often its interval holds 0."""
    errors, covered = [], 0
    for seed in range(_SETS):
        confidence, correct, units = _grouped(600, np.random.default_rng([seed, 59]))
        error, interval = calibration.calibration_error(confidence, correct, units=units)
        errors.append(error)
        covered += interval.low <= 0
    how = f"{_SETS} sets of 600 rows in groups of 1 to 20"
    median = float(np.median(errors))
    yield HonestyRow("calibration_error_of_calibrated_in_groups", 0.02, median, False, "calibration error", how)
    yield HonestyRow("calibration_error_covered_in_groups", 0.92, covered / _SETS, True, "share", how)


def _slice_row() -> HonestyRow:
    """How often any slice is reported where none differs, with groups of rows that share their slice and their outcome."""
    found = 0
    for seed in range(_SLICED):
        rng = np.random.default_rng([seed, 61])
        _, correct, units = _grouped(800, rng)
        columns = {name: rng.choice(list("abcd"), 800)[units] for name in ("source", "team")}
        frame = pd.DataFrame({"text": [f"text {unit}" for unit in units]} | columns)
        found += not find_slices(frame, correct, units=units).empty
    how = f"{_SLICED} sets of 800 rows in groups of 1 to 20, all slices equal"
    return HonestyRow("slices_found_by_chance_in_groups", 0.07, found / _SLICED, False, "share", how)


def _weighted_model(rows: int, power: float, rng: np.random.Generator) -> tuple[Targets, Floats, Floats]:
    """Targets, the logits of true posteriors, and those logits as class weights to a power shift them."""
    y_true = rng.choice(3, rows, p=_SHARES)
    x = 2.2 * np.eye(3)[y_true] + rng.standard_normal((rows, 3))
    logits = 2.2 * x + np.log(_SHARES)
    return y_true, logits.astype(np.float32), (logits + power * np.log(_WEIGHTS)).astype(np.float32)


def _weight_rows() -> Iterator[HonestyRow]:
    """Log loss on new rows above that of the true posterior after calibration, and the harm to a model without weights."""
    rng = np.random.default_rng(67)
    for rows, power, wanted in (
        (80, 0.0, 0.02),
        (300, 0.0, 0.02),
        (80, 1.0, 0.12),
        (300, 1.0, 0.05),
        (1_000, 1.0, 0.02),
    ):
        new_targets, true, shifted = _weighted_model(20_000, power, rng)
        excess = []
        for _ in range(_SETS // 3):
            y_true, _, logits = _weighted_model(rows, power, rng)
            fitted = fit_calibration(_WEIGHTED, y_true, logits, _WEIGHTS)
            excess.append(_log_loss(new_targets, fitted.apply(shifted)) - _log_loss(new_targets, true))
        uncorrected = _log_loss(new_targets, shifted) - _log_loss(new_targets, true)
        how = f"nats above the true posterior; {uncorrected:.3f} without calibration; {_SETS // 3} sets"
        name = f"class_weights_excess_{rows}_rows" if power else f"class_weights_harm_{rows}_rows"
        yield HonestyRow(name, wanted, float(np.mean(excess)), False, "nats", how)


def _log_loss(y_true: Targets, logits: Floats) -> float:
    return float(-log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(y_true)), y_true].mean())


def _label_error_row() -> HonestyRow:
    """The share of wrong labels that are found where each wrong text occurs four times, beside the share where it occurs once."""
    rng = np.random.default_rng(71)
    found: dict[int, list[bool]] = {1: [], 4: []}
    for seed in range(5):
        y_true = rng.integers(0, 3, 300)
        features = (1.2 * np.eye(3, 20)[y_true] + rng.normal(0, 0.5, (300, 20))).astype(np.float32)
        wrong = rng.random(300) < 0.06
        labels = np.where(wrong, (y_true + 1) % 3, y_true)
        for copies, of_copies in found.items():
            texts = np.concatenate([np.arange(300), np.repeat(np.flatnonzero(wrong), copies - 1)])
            folds = Folds(texts, seed, lambda fold: None)
            issues = find_label_issues_classification(features[texts], labels[texts], 3, folds)
            of_copies += list(issues.suspected[wrong[texts]])
    once, copied = float(np.mean(found[1])), float(np.mean(found[4]))
    how = "recall of wrong labels, each of whose texts occurs four times; as many are wanted as without copies"
    return HonestyRow("label_errors_found_in_copies", once, copied, True, "recall", how)


def _curve_rows() -> Iterator[HonestyRow]:
    """How often a learning curve is said to be flat from noise, and how often a steep one is said to rise."""
    sizes = np.asarray([60, 120, 240, 480, 960])
    trends = []
    for seed in range(_CURVES):
        noise = np.random.default_rng([seed, 73]).normal(0, 0.02, len(sizes))
        trends.append([extrapolate(sizes, curve + noise).trend for curve in (np.full(5, 0.8), 0.95 - 3 / sizes**0.6)])
    flat, rising = (np.mean([trend[i] == name for trend in trends]) for i, name in enumerate(("flat", "rising")))
    how = f"{_CURVES} curves of five sizes, noise of 0.02"
    yield HonestyRow("learning_curve_flat_from_noise", 0.05, float(flat), False, "share", how)
    yield HonestyRow("learning_curve_rising_is_seen", 0.8, float(rising), True, "share", how)


def _absent_labels_row() -> HonestyRow:
    """The macro-F1 of a perfect model where half of the labels do not occur."""
    y_true = np.zeros((60, 10), dtype=np.float32)
    y_true[np.arange(60), np.arange(60) % 5] = 1
    task = Task("multilabel", tuple(f"l{i}" for i in range(10)))
    estimates = {e.name: e.value for e in compute_metrics(task, y_true, (8 * y_true - 4).astype(np.float32))}
    return HonestyRow(
        "macro_f1_of_perfect_model_with_absent_labels", 1.0, estimates["f1_macro"], True, "F1", "5 of 10 occur"
    )


def _emoji_row() -> HonestyRow:
    """The number of units of six texts that differ in emoji and punctuation alone."""
    texts = pd.Series(["😀", "😡", "👍", "?!", "...", "❤️"])
    units = len(np.unique(group_ids(texts, near=True)))
    return HonestyRow("units_of_six_emoji_texts", 6, float(units), True, "units", "no two of these texts are one unit")
