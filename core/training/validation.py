"""Validation during training: the metrics of the task, and the loss by which checkpoints and weights are chosen."""

import numpy as np
from transformers import EvalPrediction
from transformers.trainer_utils import PredictionOutput

from core.data.splitting import Splits
from core.evaluation.decisions.selection import SELECTION_LOSS, selection_loss
from core.evaluation.metrics import summary
from core.evaluation.selection_optimism import selection_optimism
from core.task import Floats
from core.training.callback import ProgressCallback
from core.training.diagnostics import collapsed_predictions
from core.training.examples import TargetScaler
from core.training.head_fitting import training_class_weights
from core.types import Targets


class Validator:
    """Computes metrics from what the ``Trainer`` predicts for the validation rows, and reports problems to its callback."""

    def __init__(self, splits: Splits, scaler: TargetScaler, callback: ProgressCallback) -> None:
        self.task, self.scaler, self.callback = splits.task, scaler, callback
        # The logits of every version that was validated, and the targets in the same order.
        self._candidates: list[Floats] = []
        self._targets: Targets = np.empty(0)
        self._weights = training_class_weights(splits.task, splits.task.encode(splits.train["label"].tolist()))

    def metrics(self, prediction: EvalPrediction) -> dict[str, float]:
        """The metrics of the task, and the :meth:`selection_loss`.

        Raises:
            RunError: a logit is NaN or infinite.
        """
        logits = self.scaler.inverse_transform(np.asarray(prediction.predictions, dtype=np.float32))
        targets = np.asarray(prediction.label_ids)
        if not np.isfinite(logits).all():
            raise self.callback.nonfinite_error()
        self.callback.problem = collapsed_predictions(self.task, targets, logits, self.callback.config)
        if self.task.kind == "regression":
            targets = self.scaler.inverse_transform(targets)
        return summary.summarize(self.task, targets, logits) | {SELECTION_LOSS: self.selection_loss(prediction)}

    def selection_loss(self, prediction: EvalPrediction | PredictionOutput) -> float:
        """The :func:`core.evaluation.decisions.selection.selection_loss`; for regression that of standardized scores."""
        logits = np.asarray(prediction.predictions, dtype=np.float32)
        self._candidates.append(logits)
        self._targets = np.asarray(prediction.label_ids)
        return selection_loss(self.task, self._targets, logits, self._weights)

    def optimism(self) -> float | None:
        """The :func:`core.evaluation.selection_optimism.selection_optimism` of the best version that was validated here."""
        return selection_optimism(self.task, self._targets, self._candidates, self._weights)
