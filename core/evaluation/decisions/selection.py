"""The loss by which models, checkpoints and settings are chosen on validation rows."""

from sklearn.metrics import mean_squared_error

from core.evaluation.decisions import calibration
from core.task import Floats, Task
from core.types import FloatArray, Targets

# The key of the selection loss among the metrics of a validation, also in the state that the Trainer saves.
SELECTION_LOSS = "selection_loss"


def selection_loss(task: Task, targets: Targets, logits: Floats, weights: FloatArray | None) -> float:
    """The class-weighted log loss of logits (n, outputs), or the squared error for regression.

    The log loss is that at the best temperature: a temperature is fitted later anyway, so underconfidence does not count.
    ``weights`` (outputs,) are those of the classes; None weighs each row the same.
    """
    if task.kind == "regression":
        return float(mean_squared_error(targets, logits[:, 0]))
    sample_weights = None if weights is None else weights[targets]
    if sample_weights is not None and not sample_weights.any():
        sample_weights = None
    temperature = calibration.best_temperature(task, targets, logits, sample_weights)
    return calibration.negative_log_likelihood(task, targets, logits / temperature, sample_weights)
