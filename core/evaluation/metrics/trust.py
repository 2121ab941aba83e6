"""Notes on intervals that are not to be trusted: too few rows of a label, too few mistakes, or a few large errors that decide."""

import numpy as np

from core.evaluation.metrics.estimate import NOT_TRUSTED
from core.evaluation.statistics.units import Units, count_units
from core.formatting import join_names
from core.types import BoolArray, FloatArray

# With fewer rows of a label, intervals of rankings, probabilities and correlations hold the true value too rarely.
MIN_LABEL_ROWS = 20
# With fewer rows of a label, its part of a mean over labels is known too roughly even for an interval made of parts.
MIN_ROWS_OF_A_PART = 3
# Mistakes cost most of the log loss of a good model, and fewer say too little about how costly they are.
_MIN_MISTAKES = 10
# Fewer errors do not show how large the rare large ones are.
_MIN_ERRORS = 100
# Below this tail index of squared errors, their mean has too wide a spread for its interval; that of normal errors is about 2.4.
_MIN_TAIL_INDEX = 1.6


def note_on_rare_labels(labels: tuple[str, ...], actual: BoolArray, units: Units, least: int = MIN_LABEL_ROWS) -> str:
    """A note if a label has fewer rows, or groups of rows, than ``least``; ``actual`` is (n, k). Empty if none has."""
    rare = [name for i, name in enumerate(labels) if _units_with(actual[:, i], units) < least]
    if not rare:
        return ""
    what = "rows" if units is None else "independent groups of rows"
    return f"{NOT_TRUSTED}: there are fewer than {least} {what} of {join_names(rare)}."


def note_on_few_mistakes(correct: BoolArray, units: Units) -> str:
    """A note if fewer than ten rows, or groups of rows, have a wrong prediction; ``correct`` is (n,). Empty otherwise."""
    if _units_with(~correct, units) >= _MIN_MISTAKES:
        return ""
    return f"{NOT_TRUSTED}: fewer than {_MIN_MISTAKES} predictions are wrong, and these decide."


def note_on_large_errors(errors: FloatArray) -> str:
    """A note if rare large errors may decide the mean squared error, so that other rows may give another one. Empty otherwise.

    The tail index is that of the largest tenth of the squared errors (Hill 1975); below 2 their variance is infinite. A small
    sample of heavy-tailed errors often lacks the largest ones and looks harmless, so that its size alone is a reason.
    """
    if len(errors) < _MIN_ERRORS:
        return f"{NOT_TRUSTED}: fewer than {_MIN_ERRORS} rows do not show how large rare errors are."
    largest = np.sort(np.abs(errors))[-len(errors) // 10 :]
    if largest[-1] == 0:
        return ""
    excess = 2 * float(np.log(largest / max(float(largest[0]), 1e-12 * float(largest[-1]))).mean())
    return f"{NOT_TRUSTED}: a few large errors decide." if excess * _MIN_TAIL_INDEX > 1 else ""


def join_notes(*notes: str) -> str:
    """Notes as one text, without empty ones."""
    return " ".join(note for note in notes if note)


def _units_with(mask: BoolArray, units: Units) -> int:
    return count_units(int(mask.sum()), None if units is None else units[mask])
