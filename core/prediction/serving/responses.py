"""Answers: the labels of a text with their scores, as both protocols define them, and what the decision rule says of them.

Every element has ``label`` and ``score``. Extra fields: ``predicted`` (whether the decision rule predicts the label),
``threshold`` (the probability above which it does, where one was chosen), ``sure`` and ``abstain_below`` (where the rule
marks predictions as not sure), ``low`` and ``high`` (the interval around a predicted value).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax

from core.evaluation.decisions.predictions import Predictions
from core.prediction.serving.errors import invalid
from core.prediction.serving.models import VALUE, ServedModel
from core.prediction.serving.requests import Function, TextRequest
from core.task import Floats

Answer = list[dict[str, Any]]
# Digits after the decimal point.
_DIGITS = 6


def check_function(model: ServedModel, request: TextRequest) -> None:
    """Do nothing if the model can answer with the function that a request asks for.

    Raises:
        ServiceError: the model predicts a number, which has no probabilities.
    """
    if model.task.kind == "regression" and request.function in ("softmax", "sigmoid"):
        raise invalid(f"{model.name} predicts a number; {request.function} applies to classes and labels only.")


def to_answers(model: ServedModel, request: TextRequest, logits: Floats, predictions: Predictions) -> list[Answer]:
    """The answer for each text: its labels, largest score first."""
    if predictions.task.kind == "regression":
        return [_value(predictions, row) for row in range(len(predictions))]
    scores = _scores(request.function, logits, predictions)
    predicted = _predicted(predictions)
    order = np.argsort(-scores, axis=1, kind="stable")[:, : request.top_k]
    extra = _label_fields(model)
    answers: list[Answer] = []
    for row, columns in enumerate(order.tolist()):
        common: dict[str, Any] = {}
        if predictions.can_abstain:
            common = {"sure": not bool(predictions.abstained[row]), "abstain_below": model.rule.abstain_below}
        answers.append(
            [
                {
                    "label": model.labels[i],
                    "score": round(float(scores[row, i]), _DIGITS),
                    "predicted": bool(predicted[row, i]),
                    **extra[i],
                    **common,
                }
                for i in columns
            ]
        )
    return answers


def _value(predictions: Predictions, row: int) -> Answer:
    value: dict[str, Any] = {"label": VALUE, "score": round(float(predictions.probabilities[row, 0]), _DIGITS)}
    value["predicted"] = True
    if predictions.interval is not None:
        low, high = predictions.interval[row]
        value |= {"low": round(float(low), _DIGITS), "high": round(float(high), _DIGITS)}
    return [value]


def _scores(function: Function, logits: Floats, predictions: Predictions) -> npt.NDArray[np.float64]:
    exact = logits.astype(np.float64)
    if function == "none":
        return exact
    if function == "default":
        return predictions.probabilities
    return np.asarray(softmax(exact, axis=1) if function == "softmax" else expit(exact))


def _predicted(predictions: Predictions) -> npt.NDArray[np.bool_]:
    """Whether each label is predicted, (n, labels)."""
    if predictions.task.kind == "multilabel":
        return np.asarray(predictions.predicted > 0)
    return np.asarray(np.arange(predictions.task.outputs) == predictions.predicted[:, None])


def _label_fields(model: ServedModel) -> list[dict[str, float]]:
    """The chosen threshold of each label; none for those without one."""
    thresholds, labels = model.rule.thresholds, len(model.labels)
    if not thresholds:
        return [{} for _ in range(labels)]
    if model.task.kind == "binary":
        return [{}, {"threshold": thresholds[0]}]
    if model.task.kind == "multiclass":
        return [{} for _ in range(labels)]
    each = thresholds * labels if len(thresholds) == 1 else thresholds
    return [{"threshold": threshold} for threshold in each]
