"""Step 7: the figures of a confusion matrix by hand, simulated confidence, and how an interval narrows with rows."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from core.evaluation.decisions.calibration import calibration_curve
from core.evaluation.statistics.intervals import wilson_interval
from core.types import BoolArray, FloatArray

_ROWS: Final = (20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1_000, 1_500, 2_000, 3_000, 5_000)
# The logits of simulated predictions in truth are normal with this mean and deviation: from unsure to nearly certain.
_LOGIT_MEAN, _LOGIT_DEVIATION = 1.5, 1.2
_BINS = 10


@dataclass(frozen=True)
class BinaryCounts:
    """A confusion matrix of two labels: true and false positives and negatives."""

    tp: int
    fn: int
    fp: int
    tn: int

    def worked_metrics(self) -> pd.DataFrame:
        """Accuracy, precision, recall and F1 of the positive label. Columns: metric, calculation, value (NaN if undefined)."""
        tp, fn, fp, tn = self.tp, self.fn, self.fp, self.tn
        return pd.DataFrame(
            [
                ("Accuracy", f"({tp} + {tn}) / {tp + fn + fp + tn}", _divide(tp + tn, tp + fn + fp + tn)),
                ("Precision", f"{tp} / ({tp} + {fp})", _divide(tp, tp + fp)),
                ("Recall", f"{tp} / ({tp} + {fn})", _divide(tp, tp + fn)),
                ("F1", f"2 × {tp} / (2 × {tp} + {fp} + {fn})", _divide(2 * tp, 2 * tp + fp + fn)),
            ],
            columns=["metric", "calculation", "value"],
        )

    def cells(self, positive: str, negative: str) -> pd.DataFrame:
        """A row for each cell. Columns: actual, predicted, count, share (of the actual label)."""
        rows = [
            (positive, positive, self.tp, _divide(self.tp, self.tp + self.fn)),
            (positive, negative, self.fn, _divide(self.fn, self.tp + self.fn)),
            (negative, positive, self.fp, _divide(self.fp, self.fp + self.tn)),
            (negative, negative, self.tn, _divide(self.tn, self.fp + self.tn)),
        ]
        return pd.DataFrame(rows, columns=["actual", "predicted", "count", "share"])


def simulate_confidence(overconfidence: float, texts: int, seed: int = 0) -> tuple[FloatArray, BoolArray]:
    """The confidence (n,) of simulated predictions, and whether each is correct.

    Each prediction is correct with a probability whose log odds are multiplied by ``overconfidence`` to give its confidence: 1 is
    calibrated, above 1 overconfident. A temperature of that value undoes it.
    """
    rng = np.random.default_rng(seed)
    truth = np.maximum(rng.normal(_LOGIT_MEAN, _LOGIT_DEVIATION, texts), logit(0.5))
    return expit(overconfidence * truth), rng.random(texts) < expit(truth)


def reliability(confidence: FloatArray, correct: BoolArray, version: str) -> pd.DataFrame:
    """The bins of a reliability diagram, with their name in the column version."""
    return calibration_curve(confidence, correct, _BINS).assign(version=version)


def interval_by_rows(accuracy: float) -> pd.DataFrame:
    """The 95% interval (Wilson) of an accuracy that was measured on from 20 to 5,000 rows. Columns: rows, low, high."""
    return pd.DataFrame(
        [(rows, *wilson_interval(accuracy * rows, rows)) for rows in _ROWS], columns=["rows", "low", "high"]
    )


def _divide(numerator: int, denominator: int) -> float:
    return numerator / denominator if denominator else float("nan")
