"""The estimated share of each class in a pile, or the mean of a number, with intervals, and whether the labeled rows fit it."""

from dataclasses import dataclass, replace

import numpy as np

from core.evaluation.decisions.one_vs_rest import label_indicators
from core.evaluation.metrics.estimate import NOT_TRUSTED
from core.evaluation.prevalence.checks import MIN_CHECKED_ROWS, confidence_differs, means_differ, shares_differ
from core.evaluation.prevalence.label_shift import LabeledClasses, most_likely_shares, share_intervals
from core.evaluation.prevalence.pile import NO_VALUES, Moments, Pile
from core.evaluation.prevalence.prediction_powered import prediction_powered_mean, prediction_powered_share
from core.evaluation.statistics.intervals import Interval
from core.evaluation.statistics.units import Units, count_units, number_units
from core.formatting import format_number, format_percent, pluralize
from core.task import Task
from core.types import BoolArray, FloatArray, Targets

# With fewer labeled rows of a class too little is known of how often the model finds it.
MIN_CLASS_ROWS = 5


@dataclass(frozen=True)
class ShareEstimate:
    """The share of a label in the pile, or the mean of a number (then ``label`` is empty), with its 95% interval.

    ``counted`` is the share of predictions, or their mean. ``same_mix`` is the estimate, low and high if the pile has the same
    mix of texts as the labeled rows; None where that is known to be false, and for numbers. ``labeled`` counts the labeled rows
    of the label. ``note`` says why an interval is not to be trusted.
    """

    label: str
    counted: float
    value: float
    low: float
    high: float
    labeled: int
    same_mix: tuple[float, float, float] | None = None
    note: str = ""

    @property
    def text(self) -> str:
        """The estimate with its interval: "12.3% ± 0.8", or "2.0% (0.4 to 5.1)" where the sides differ; "5.21 ± 0.12"."""
        factor, unit, digits = (100, "%", 1) if self.label else (1, "", 2)
        value, low, high = (format_number(factor * number, digits) for number in (self.value, self.low, self.high))
        below, above = self.value - self.low, self.high - self.value
        if min(below, above) < 0.8 * max(below, above):
            return f"{value}{unit} ({low} to {high})"
        return f"{value}{unit} ± {format_number(factor * max(below, above), digits)}"

    @property
    def counted_text(self) -> str:
        """The share or the mean of the predictions."""
        return format_percent(self.counted) if self.label else format_number(self.counted, 2)


@dataclass(frozen=True)
class PileEstimate:
    """The estimates for a pile of ``rows`` texts from ``labeled`` rows in ``units`` independent groups.

    ``mix_differs`` says whether the predictions for the pile differ from those for the labeled rows by more than chance, and
    ``texts_differ`` whether the model is more or less confident than the estimated shares explain. None where it cannot be told.
    """

    estimates: tuple[ShareEstimate, ...]
    rows: int
    labeled: int
    units: int
    mix_differs: bool | None
    texts_differ: bool | None


@dataclass(frozen=True)
class LabeledRows:
    """Labeled rows that the model was not trained on: targets and predictions in the form of :meth:`Task.encode`, and confidence.

    ``units`` are those of :mod:`core.evaluation.statistics.units`.
    """

    actual: Targets
    predicted: Targets
    confidence: FloatArray
    units: Units = None


def estimate_pile(task: Task, labeled: LabeledRows, pile: Pile) -> PileEstimate:
    """The estimates for a pile with at least one text, from at least one labeled row."""
    labeled = replace(labeled, units=number_units(labeled.units))
    rows = len(labeled.actual)
    units = count_units(rows, labeled.units)
    if task.kind == "regression":
        estimate, differs = _estimate_mean(labeled, pile)
        return PileEstimate((estimate,), pile.rows, rows, units, differs, None)
    actual, predicted = (label_indicators(task, part).astype(bool) for part in (labeled.actual, labeled.predicted))
    counts = pile.counts(task)
    mix_differs = shares_differ(predicted, counts, pile.rows, labeled.units)
    if task.one_label:
        values, intervals, texts_differ = _estimate_classes(task, labeled, pile)
    else:
        texts_differ = None
        values, intervals = _estimate_labels(actual, predicted, (counts, pile.rows), labeled.units)
    estimates = []
    for k, name in enumerate(task.labels):
        same_mix = None
        if mix_differs is False and not texts_differ:
            given = Moments(pile.rows, float(counts[k]), float(counts[k]))
            share, interval = prediction_powered_share(actual[:, k], predicted[:, k], given, labeled.units)
            same_mix = (share, *interval)
        with_label = _units_with(actual[:, k], labeled.units)
        note = _note(name, with_label, bool(texts_differ))
        estimates.append(
            ShareEstimate(
                name, float(counts[k]) / pile.rows, values[k], *intervals[k], int(actual[:, k].sum()), same_mix, note
            )
        )
    return PileEstimate(tuple(estimates), pile.rows, rows, units, mix_differs, texts_differ)


def _estimate_mean(labeled: LabeledRows, pile: Pile) -> tuple[ShareEstimate, bool | None]:
    """The mean of a number over the pile, and whether the predictions for the pile differ from those for the labeled rows."""
    predicted = labeled.predicted.astype(np.float64)
    mean, interval = prediction_powered_mean(labeled.actual, predicted, pile.values, labeled.units)
    rows = len(predicted)
    note = "" if rows >= MIN_CHECKED_ROWS else f"{NOT_TRUSTED}: there are fewer than {MIN_CHECKED_ROWS} labeled rows."
    estimate = ShareEstimate("", pile.values.mean, mean, *interval, rows, None, note)
    return estimate, means_differ(predicted, pile.values, labeled.units)


def _estimate_classes(task: Task, labeled: LabeledRows, pile: Pile) -> tuple[list[float], list[Interval], bool | None]:
    """The share of each class with its interval, and whether the confidence differs from what the shares explain."""
    classes = LabeledClasses(labeled.actual, labeled.predicted, task.outputs, labeled.units)
    rates, counts = classes.confusion_rates(), pile.counts(task)
    shares = most_likely_shares(rates, counts)
    intervals = share_intervals(classes, rates, counts, shares)
    confidence = [pile.confidence.get(name, NO_VALUES) for name in task.labels]
    possible = np.asarray([interval.high for interval in intervals])
    differs = confidence_differs(classes, labeled.confidence, shares, possible, confidence)
    return shares.tolist(), intervals, differs


def _estimate_labels(
    actual: BoolArray, predicted: BoolArray, pile: tuple[FloatArray, int], units: Units
) -> tuple[list[float], list[Interval]]:
    """The share of each of several labels, each on its own, with its interval; ``pile`` are its counts and its rows."""
    values, intervals = [], []
    for k in range(actual.shape[1]):
        classes = LabeledClasses(actual[:, k].astype(np.intp), predicted[:, k].astype(np.intp), 2, units)
        counts = np.asarray([pile[1] - pile[0][k], pile[0][k]])
        rates = classes.confusion_rates()
        shares = most_likely_shares(rates, counts)
        values.append(float(shares[1]))
        intervals.append(share_intervals(classes, rates, counts, shares)[1])
    return values, intervals


def _note(label: str, labeled: int, texts_differ: bool) -> str:
    if labeled < MIN_CLASS_ROWS:
        found = pluralize(labeled, "labeled row")
        return f"{NOT_TRUSTED}: there {'is' if labeled == 1 else 'are'} only {found} of {label}."
    return f"{NOT_TRUSTED}: the texts seem to be of another kind than the labeled rows." if texts_differ else ""


def _units_with(mask: BoolArray, units: Units) -> int:
    return count_units(int(mask.sum()), None if units is None else units[mask])
