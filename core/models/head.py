"""A linear head on the features of an encoder: all that an instant model trains, and where fine-tuning starts."""

from dataclasses import dataclass

import numpy as np

from core.evaluation.decisions.weight_correction import Calibration
from core.task import Floats

# The constants of mean pooling, which core/models/pooling.py explains. The residual contributes 1/1000 of the pooled vector,
# which does not affect a classifier.
MEAN_FACTOR = 1000.0
# The pooler's tanh is linear to within 3% at three standard deviations of a normalized vector scaled by this factor.
POOLED_SCALE = 0.1
NORM_EPS = 1e-12


@dataclass(frozen=True)
class Head:
    """A linear layer: logits are ``features @ weight.T + bias``.

    ``weight`` is (outputs, features) and ``bias`` (outputs,), both float32. ``C`` is the inverse regularization strength
    of the fit, as in scikit-learn.
    """

    weight: Floats
    bias: Floats
    C: float

    def logits(self, features: Floats) -> Floats:
        """Logits (n, outputs) for features (n, features)."""
        return features @ self.weight.T + self.bias

    def calibrated(self, calibration: Calibration) -> "Head":
        """The head whose logits are calibrated."""
        factor = np.float32(1 / calibration.temperature)
        offsets = np.asarray(calibration.offsets or 0.0, dtype=np.float32)
        return Head(self.weight * factor, self.bias * factor + offsets, self.C)
