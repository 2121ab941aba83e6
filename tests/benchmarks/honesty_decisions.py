"""Verdicts under the null, temperatures, promises and thresholds, simulated with known truth."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_softmax, logit, softmax
from scipy.stats import norm

from core.evaluation.decisions import abstention, calibration, thresholds
from core.evaluation.decisions.bias_correction import fit_bias_correction
from core.evaluation.decisions.selection import selection_loss
from core.evaluation.metrics.summary import summarize
from core.evaluation.selection_optimism import search_optimism, selection_optimism
from core.evaluation.tuned_comparison import SplitOutputs, compare_tuned
from core.task import Floats, Task
from core.types import FloatArray, Targets
from tests.benchmarks.honesty_rows import HonestyRow

_BINARY = Task("binary", ("other", "wanted"))
_NULL_SETS, _PROMISE_SETS, _TEMPERATURE_SETS, _THRESHOLD_SETS = 150, 200, 60, 200
_CALIBRATION_SETS, _OPTIMISM_SETS = 100, 40
_NEW_ROWS = 100_000


def decision_rows() -> Iterator[HonestyRow]:
    """All rows of this module."""
    yield from _null_rows()
    yield from _temperature_rows()
    yield from _promise_rows()
    yield from _threshold_rows()
    yield from _calibration_error_rows()
    yield from _optimism_rows()
    yield from _search_rows()


def _gaussians(
    y_true: Targets, distance: float, rng: np.random.Generator, shared: FloatArray | None = None
) -> FloatArray:
    """A feature with this distance between two classes; 70% of its variance is that of ``shared``, if given."""
    noise = rng.normal(0, 1, len(y_true))
    if shared is not None:
        noise = np.sqrt(0.7) * shared + np.sqrt(0.3) * noise
    return np.asarray(noise + distance * y_true)


def _weighted_logits(x: FloatArray, distance: float, prevalence: float, power: float) -> Floats:
    """Logits of the true posterior, shifted as balanced class weights to a power shift them."""
    log_odds = distance * x - distance**2 / 2 + (1 - power) * logit(prevalence)
    return np.stack([-log_odds / 2, log_odds / 2], axis=1).astype(np.float32)


def _null_rows() -> Iterator[HonestyRow]:
    """How often "helped" is said of two models that know the same: one ranker, or two that are equally good."""
    distance, validation = 1.8, 250
    for prevalence in (0.35, 0.12, 0.06):
        for name, is_same in (("same", True), ("equal", False)):
            helped = 0
            for seed in range(_NULL_SETS):
                rng = np.random.default_rng([seed, int(1_000 * prevalence), is_same])
                y_true = (rng.random(validation + 600) < prevalence).astype(np.int64)
                shared = rng.normal(0, 1, len(y_true))
                features = [_gaussians(y_true, distance, rng, shared)] * 2
                if not is_same:
                    features[1] = _gaussians(y_true, distance, rng, shared)
                models = [
                    SplitOutputs(side, logits[:validation], logits[validation:])
                    for side, logits in (
                        ("root weights", _weighted_logits(features[0], distance, prevalence, 0.5)),
                        ("full weights", _weighted_logits(features[1], distance, prevalence, 1.0)),
                    )
                ]
                targets = y_true[:validation], y_true[validation:]
                helped += compare_tuned(_BINARY, targets, models[0], models[1]).helped is True
            how = f"{name} ranker, root against full class weights, {_NULL_SETS} sets of {validation} and 600 rows"
            yield HonestyRow(f"null_helped_{name}_{prevalence:.0%}", 0.05, helped / _NULL_SETS, False, "share", how)


def _temperature_rows() -> Iterator[HonestyRow]:
    """How much log loss on new rows a temperature from few rows costs a calibrated model, and how much it brings where needed."""
    for rows in (10, 25, 50, 100):
        harm = [_mean_gain(classes, spread, 1.0, rows) for classes, spread in ((2, 1.4), (2, 5.0), (3, 4.5), (12, 3.5))]
        how = f"worst of 4 calibrated models, {_TEMPERATURE_SETS} sets"
        yield HonestyRow(f"temperature_harm_{rows}_rows", 0.02, max(harm), False, "nats", how)
    gain = -_mean_gain(3, 3.0, 2.5, 100)
    yield HonestyRow("temperature_gain_overconfident_100_rows", 0.1, gain, True, "nats", "logits 2.5 times too large")
    y_true, logits = _calibrated(2, 3.0, 4_000, np.random.default_rng(17))
    shifted = logits + np.asarray([0, 2.5], dtype=np.float32)
    correction = fit_bias_correction(_BINARY, y_true[:400], shifted[:400])
    left = _log_loss(y_true[400:], correction.apply(shifted[400:])) - _log_loss(y_true[400:], logits[400:])
    how = "log loss above that of the true posterior, after a class weight shifted the logits by 2.5; 400 rows"
    yield HonestyRow("bias_correction_excess", 0.02, left, False, "nats", how)


def _calibrated(classes: int, spread: float, rows: int, rng: np.random.Generator) -> tuple[Targets, Floats]:
    """Targets drawn from the probabilities of random logits."""
    logits = rng.normal(0, spread, (rows, classes))
    drawn = rng.random((rows, 1)) > softmax(logits, axis=1).cumsum(axis=1)[:, :-1]
    return drawn.sum(axis=1), logits.astype(np.float32)


def _mean_gain(classes: int, spread: float, factor: float, rows: int) -> float:
    """The mean difference in log loss on new rows that the fitted temperature makes; below 0 it helps."""
    task = Task("multiclass", tuple(map(str, range(classes)))) if classes > 2 else _BINARY
    rng = np.random.default_rng([classes, rows, 29])
    new_targets, new_logits = _calibrated(classes, spread, 20_000, rng)
    raw = _log_loss(new_targets, factor * new_logits)
    differences = []
    for _ in range(_TEMPERATURE_SETS):
        y_true, logits = _calibrated(classes, spread, rows, rng)
        temperature = calibration.fit_temperature(task, y_true, np.float32(factor) * logits)
        differences.append(_log_loss(new_targets, factor / temperature * new_logits) - raw)
    return float(np.mean(differences))


def _log_loss(y_true: Targets, logits: npt.NDArray[np.floating]) -> float:
    return float(-log_softmax(logits, axis=1)[np.arange(len(y_true)), y_true].mean())


def _promise_rows() -> Iterator[HonestyRow]:
    """How often new accuracy is below a guaranteed target, and how far its mean is from one that is about reached."""
    for rows, target in ((150, 0.9), (500, 0.95), (2_000, 0.95)):
        broken, given, reached = 0, 0, []
        for seed in range(_PROMISE_SETS):
            rng = np.random.default_rng([seed, rows, 31])
            data, new = _selective(rows, rng), _selective(_NEW_ROWS // 5, rng)
            guaranteed = abstention.choose_guaranteed_threshold(*data, target)
            if guaranteed.answered:
                given += 1
                broken += abstention.apply_threshold(*new, guaranteed.threshold).accuracy < target
            about = abstention.choose_threshold(*data, target)
            if about.answered:
                reached.append(abstention.apply_threshold(*new, about.threshold).accuracy)
        how = f"{_PROMISE_SETS} sets, {given} with a guarantee"
        yield HonestyRow(f"guarantee_broken_{target:.0%}_{rows}_rows", 0.1, broken / _PROMISE_SETS, False, "share", how)
        off = abs(float(np.mean(reached)) - target)
        yield HonestyRow(f"about_off_{target:.0%}_{rows}_rows", 0.015, off, False, "accuracy", "mean of new accuracy")


def _selective(rows: int, rng: np.random.Generator) -> tuple[FloatArray, np.ndarray]:
    """Confidences of an overconfident model, and whether it is correct."""
    probability = 0.5 + rng.beta(2.2, 0.7, rows) / 2
    return expit(1.6 * logit(probability)), rng.random(rows) < probability


def _threshold_rows() -> Iterator[HonestyRow]:
    """Precision on new rows where 0.90 is wanted, and F1 of rare labels as it is shown and as it is got."""
    distance = 2.3
    precisions, proven = _precisions(100, distance, 0.3, None), _precisions(500, distance, 0.3, 0.1)
    off = abs(float(np.mean(precisions)) - 0.9)
    yield HonestyRow(
        "precision_off_90%_100_rows", 0.02, off, False, "precision", "mean of new precision, about 0.90 wanted"
    )
    broken = float(np.mean(np.asarray(proven) < 0.9))
    yield HonestyRow(
        "precision_broken_90%_500_rows", 0.1, broken, False, "share", f"of {len(proven)} guaranteed thresholds"
    )
    for prevalence, rows in ((0.03, 120), (0.08, 150), (0.03, 600)):
        shown, got = [], []
        for seed in range(_THRESHOLD_SETS):
            y_true, logits = _rare_label(rows, distance, prevalence, seed)
            if not y_true.any():
                continue
            choice = thresholds.choose_for_f1(_BINARY, y_true, logits)
            shown.append(choice.expected["f1"][0])
            got.append(_rates(choice.thresholds[0], distance, prevalence)[1])
        excess = float(np.mean(shown) - np.mean(got))
        how = f"mean F1 shown {np.mean(shown):.3f}, on new rows {np.mean(got):.3f}"
        yield HonestyRow(f"f1_shown_above_got_{prevalence:.0%}_{rows}_rows", 0.02, excess, False, "F1", how)


def _precisions(rows: int, distance: float, prevalence: float, risk: float | None) -> list[float]:
    """The precision on new rows of each set's threshold that the rows allow."""
    precisions = []
    for seed in range(_THRESHOLD_SETS):
        y_true, logits = _rare_label(rows, distance, prevalence, seed)
        choice = thresholds.choose_for_precision(_BINARY, y_true, logits, 0.9, risk)
        if not choice.expected["note"][0]:
            precisions.append(_rates(choice.thresholds[0], distance, prevalence)[0])
    return precisions


def _rare_label(rows: int, distance: float, prevalence: float, seed: int) -> tuple[Targets, Floats]:
    rng = np.random.default_rng([seed, rows, 37])
    y_true = (rng.random(rows) < prevalence).astype(np.int64)
    return y_true, _weighted_logits(_gaussians(y_true, distance, rng), distance, prevalence, 0.0)


def _rates(threshold: float, distance: float, prevalence: float) -> tuple[float, float]:
    """The true precision and F1 of a threshold on the posterior of two Gaussians."""
    cut = (logit(threshold) - logit(prevalence) + distance**2 / 2) / distance
    correct, wrong = prevalence * norm.sf(cut - distance), (1 - prevalence) * norm.sf(cut)
    return float(correct / (correct + wrong)), float(2 * correct / (correct + wrong + prevalence))


def _calibration_error_rows() -> Iterator[HonestyRow]:
    """The calibration error of a calibrated model, and how often the interval holds the truth for it and for another model."""
    new = _selective(2_000_000, np.random.default_rng(41))
    for rows in (80, 300, 1_500):
        calibrated, covered, covered_other = [], 0, 0
        truth = float(np.sqrt(np.mean((new[0] - expit(logit(new[0]) / 1.6)) ** 2)))
        for seed in range(_CALIBRATION_SETS):
            confidence, correct = _selective(rows, np.random.default_rng([seed, rows, 43]))
            error, interval = calibration.calibration_error(expit(logit(confidence) / 1.6), correct)
            calibrated.append(error)
            covered += interval.low <= 0
            other = calibration.calibration_error(confidence, correct)[1]
            covered_other += other.low <= truth <= other.high
        how = f"{_CALIBRATION_SETS} sets"
        median = float(np.median(calibrated))
        yield HonestyRow(f"calibration_error_of_calibrated_{rows}_rows", 0.02, median, False, "calibration error", how)
        for name, count in (("calibrated", covered), ("overconfident", covered_other)):
            yield HonestyRow(
                f"calibration_error_covered_{name}_{rows}_rows", 0.92, count / _CALIBRATION_SETS, True, "share", how
            )


def _optimism_rows() -> Iterator[HonestyRow]:
    """How far the optimism that is said for the best of ten equal checkpoints is from the optimism that it has."""
    task = Task("multiclass", ("common", "rare", "rarest"))
    shares = np.asarray([0.6, 0.3, 0.1])
    for rows in (50, 100, 400):
        said, true = [], []
        for seed in range(_OPTIMISM_SETS):
            rng = np.random.default_rng([seed, rows, 47])
            y_true = rng.choice(3, rows, p=shares)
            shared = 1.5 * np.eye(3)[y_true] + np.log(shares) + rng.normal(0, 0.8, (rows, 3))
            candidates = [(shared + rng.normal(0, 0.6, (rows, 3))).astype(np.float32) for _ in range(10)]
            scores = [summarize(task, y_true, logits)["f1_macro"] for logits in candidates]
            best = int(np.argmin([selection_loss(task, y_true, logits, None) for logits in candidates]))
            true.append(scores[best] - np.mean(scores))
            said.append(selection_optimism(task, y_true, candidates) or 0.0)
        how = f"best of 10 equal checkpoints flatters by {np.mean(true):.3f}, said {np.mean(said):.3f}, {_OPTIMISM_SETS} sets"
        off = abs(float(np.mean(said) - np.mean(true)))
        yield HonestyRow(f"validation_optimism_off_{rows}_rows", 0.015, off, False, "F1", how)


def _search_rows() -> Iterator[HonestyRow]:
    """How far the optimism that is said for the best of 20 trials, a few of them worse, is from the optimism that it has."""
    task = Task("multiclass", ("common", "rare", "rarest"))
    shares = np.asarray([0.6, 0.3, 0.1])
    strengths = np.where(np.arange(20) < 5, 1.2, 1.5)
    new_rng = np.random.default_rng(83)
    new_scores = []
    for strength in (1.2, 1.5):
        new_targets, new_logits = _trial_rows(20_000, strength, shares, new_rng)
        noisy = new_logits + new_rng.normal(0, 0.5, new_logits.shape).astype(np.float32)
        new_scores.append(summarize(task, new_targets, noisy)["f1_macro"])
    for rows in (50, 100, 400):
        said, true = [], []
        for seed in range(_OPTIMISM_SETS):
            rng = np.random.default_rng([seed, rows, 89])
            y_true, logits = _trial_rows(rows, 1.5, shares, rng)
            versions = [
                logits + (strength - 1.5) * np.eye(3)[y_true] + rng.normal(0, 0.5, (rows, 3)) for strength in strengths
            ]
            scores = [summarize(task, y_true, version.astype(np.float32))["f1_macro"] for version in versions]
            true.append(max(scores) - new_scores[int(np.argmax(scores) >= 5)])
            said.append(search_optimism(scores, rows) or 0.0)
        how = f"the best of 20 trials flatters by {np.mean(true):.3f}, said {np.mean(said):.3f}, {_OPTIMISM_SETS} sets"
        off = abs(float(np.mean(said) - np.mean(true)))
        yield HonestyRow(f"search_optimism_off_{rows}_rows", 0.02, off, False, "F1", how)


def _trial_rows(rows: int, strength: float, shares: FloatArray, rng: np.random.Generator) -> tuple[Targets, Floats]:
    """Targets and the logits of one trial."""
    y_true = rng.choice(3, rows, p=shares)
    logits = strength * np.eye(3)[y_true] + np.log(shares) + rng.normal(0, 0.8, (rows, 3))
    return y_true, logits.astype(np.float32)
