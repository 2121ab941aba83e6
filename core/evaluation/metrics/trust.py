"""Notes on intervals that are not to be trusted: too few rows of a label, or a few large errors that decide."""

import numpy as np

from core.evaluation.metrics.estimate import NOT_TRUSTED
from core.evaluation.statistics.units import Units, count_units
from core.formatting import join_names
from core.types import BoolArray, FloatArray

# With fewer rows of a label, intervals of rankings, probabilities and correlations hold the true value too rarely.
MIN_LABEL_ROWS = 20
# With fewer rows of a label, its part of a mean over labels is known too roughly even for an interval made of parts.
MIN_ROWS_OF_A_PART = 3
# The number of equal errors that have the variance of the squared ones (Kish 1965); 50 normal ones are worth about 17.
_MIN_EFFECTIVE_ERRORS = 10


def note_on_rare_labels(labels: tuple[str, ...], actual: BoolArray, units: Units, least: int = MIN_LABEL_ROWS) -> str:
    """A note if a label has fewer rows, or groups of rows, than ``least``; ``actual`` is (n, k). Empty if none has."""
    rare = [name for i, name in enumerate(labels) if _units_with(actual[:, i], units) < least]
    if not rare:
        return ""
    what = "rows" if units is None else "independent groups of rows"
    return f"{NOT_TRUSTED}: there are fewer than {least} {what} of {join_names(rare)}."


def note_on_large_errors(errors: FloatArray) -> str:
    """A note if a few errors decide the mean squared error, so that other rows may give another one. Empty otherwise."""
    squares = (errors / (np.abs(errors).max() or 1.0)) ** 2
    total = float((squares**2).sum())
    if total == 0 or float(squares.sum()) ** 2 / total >= _MIN_EFFECTIVE_ERRORS:
        return ""
    return f"{NOT_TRUSTED}: a few large errors decide."


def join_notes(*notes: str) -> str:
    """Notes as one text, without empty ones."""
    return " ".join(note for note in notes if note)


def _units_with(mask: BoolArray, units: Units) -> int:
    return count_units(int(mask.sum()), None if units is None else units[mask])
