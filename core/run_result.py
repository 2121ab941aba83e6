"""The outcome of a run, as evaluation/result.json holds it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """The outcome of a run: metrics of each split, seconds of the whole job, peak memory, speed of prediction.

    ``temperature`` and ``class_offsets`` (none if empty) were fitted on validation and folded into the model's output layer; the
    logits of the run are those of the saved model. ``validation_optimism`` is by how much F1 (macro, or micro for
    multi-label tasks) on validation exceeds that on new rows because the model was chosen there; None if unknown.
    """

    validation: dict[str, float]
    test: dict[str, float]
    baselines: dict[str, dict[str, float]]
    seconds: float
    peak_memory_mb: float
    prediction_seconds: float
    texts_per_second: float
    temperature: float = 1.0
    validation_optimism: float | None = None
    class_offsets: tuple[float, ...] = ()
