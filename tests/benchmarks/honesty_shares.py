"""How often the intervals of the share of a class in a pile hold the truth, and how wide they are, with known truth."""

from collections.abc import Iterator

import numpy as np

from core.evaluation.prevalence.estimate import PileEstimate, estimate_pile
from core.evaluation.statistics.intervals import wilson_interval
from tests.benchmarks.honesty_rows import HonestyRow
from tests.evaluation.prevalence.cases import Gaussians

_WANTED = 0.92
_ROWS = (50, 200, 1_000)
# A calibrated model and an overconfident one. Fewer sets make the lowest of many settings a matter of luck.
_SCALES = (1.0, 2.5)
_SETS = 150
_PILE = 8_000
# The shares of the labeled rows, those of a pile with another mix, and the distance between the classes.
_SETTINGS = {
    "90/10": ((0.9, 0.1), (0.72, 0.28), 1.7),
    "98/2": ((0.98, 0.02), (0.93, 0.07), 2.6),
    "four skewed classes": ((0.6, 0.25, 0.12, 0.03), (0.3, 0.2, 0.3, 0.2), 2.4),
}


def share_rows() -> Iterator[HonestyRow]:
    """The lowest coverage over class shares and sizes, for the same mix and another one; and false alarms."""
    widths: list[float] = []
    alarms: list[float] = []
    powered: list[float] = []
    for mix in ("same_mix", "other_mix"):
        coverage = []
        for number, (labeled, shifted, distance) in enumerate(_SETTINGS.values()):
            shares = labeled if mix == "same_mix" else shifted
            for rows in _ROWS:
                found = [
                    estimate
                    for scale in _SCALES
                    for estimate in _estimates(
                        Gaussians(labeled, distance, scale), shares, rows, [number, rows, int(scale), 53]
                    )
                ]
                coverage.append(float(np.mean([held for estimate in found for held in _held(estimate, shares)])))
                alarms.append(float(np.mean([bool(estimate.texts_differ) for estimate in found])))
                if mix == "same_mix":
                    powered.append(float(np.mean([a for e in found for a in _held_in_same_mix(e, shares)])))
                    widths.append(float(np.mean([_relative_width(estimate) for estimate in found])))
        how = f"lowest of {len(coverage)} settings, {len(_SCALES) * _SETS} sets each, of intervals without a warning"
        yield HonestyRow(f"share_coverage_{mix}", _WANTED, min(coverage), how=how)
    how = f"prediction-powered, lowest of {len(powered)} settings, {len(_SCALES) * _SETS} sets each"
    yield HonestyRow("share_coverage_powered", _WANTED, min(powered), how=how)
    how = "prediction-powered against the labeled rows alone, widest of all settings"
    yield HonestyRow("share_width_powered", 1.03, max(widths), False, "ratio", how)
    how = "said to be of another kind although they are not, most often of all settings"
    yield HonestyRow("share_false_alarms", 0.07, max(alarms), False, "share", how)


def _estimates(model: Gaussians, shares: tuple[float, ...], rows: int, seed: list[int]) -> Iterator[PileEstimate]:
    rng = np.random.default_rng(seed)
    for _ in range(_SETS):
        labeled = model.draw(rng, model.labeled_shares, rows).labeled()
        yield estimate_pile(model.task, labeled, model.draw(rng, shares, _PILE).pile(model.task))


def _held(estimate: PileEstimate, shares: tuple[float, ...]) -> list[bool]:
    """Whether each interval without a warning holds the true share."""
    return [a.low <= share <= a.high for a, share in zip(estimate.estimates, shares, strict=True) if not a.note]


def _held_in_same_mix(estimate: PileEstimate, shares: tuple[float, ...]) -> list[bool]:
    pairs = zip(estimate.estimates, shares, strict=True)
    return [a.same_mix[1] <= share <= a.same_mix[2] for a, share in pairs if a.same_mix and not a.note]


def _relative_width(estimate: PileEstimate) -> float:
    """The mean width for the same mix, divided by that of Wilson's intervals of the labeled rows alone."""
    labeled = [wilson_interval(a.labeled, estimate.labeled) for a in estimate.estimates]
    powered = [a.same_mix[2] - a.same_mix[1] for a in estimate.estimates if a.same_mix]
    return float(np.sum(powered) / np.sum([i.high - i.low for i in labeled])) if powered else 1.0
