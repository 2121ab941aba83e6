"""What the validation rows say of a model while it trains: the metrics of its task, and the doubt that models are chosen by."""

import numpy as np
from transformers import EvalPrediction
from transformers.trainer_utils import PredictionOutput

from core.data.splitting import Splits
from core.evaluation.metrics import summary
from core.training.callback import ProgressCallback
from core.training.diagnostics import collapsed_predictions
from core.training.examples import TargetScaler
from core.training.head_fitting import selection_loss, weights_of

# The name under which the trainer's state keeps the doubt of each validation.
DOUBT = "selection_loss"


class Validator:
    """Measures what the ``Trainer`` predicted for the validation rows; says so to the ``watch`` where it looks wrong."""

    def __init__(self, splits: Splits, scale: TargetScaler, watch: ProgressCallback) -> None:
        self.task, self.scale, self.watch = splits.task, scale, watch
        self._weights = weights_of(splits.task, splits.task.encode(splits.train["label"].tolist()))

    def metrics(self, prediction: EvalPrediction) -> dict[str, float]:
        """The metrics of the task, and :meth:`doubt`.

        Raises:
            RunError: there are values that are no numbers.
        """
        logits = self.scale.undo(np.asarray(prediction.predictions, dtype=np.float32))
        targets = np.asarray(prediction.label_ids)
        if not np.isfinite(logits).all():
            raise self.watch.nonfinite_error()
        self.watch.trouble = collapsed_predictions(self.task, targets, logits, self.watch.config)
        targets = self.scale.undo(targets) if self.task.kind == "regression" else targets
        return summary.summarize(self.task, targets, logits) | {DOUBT: self.doubt(prediction)}

    def doubt(self, prediction: EvalPrediction | PredictionOutput) -> float:
        """The :func:`core.training.head_fitting.selection_loss`, of standardised scores where the task is a regression."""
        logits = np.asarray(prediction.predictions, dtype=np.float32)
        return selection_loss(self.task, np.asarray(prediction.label_ids), logits, self._weights)
