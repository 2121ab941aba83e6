"""Predict texts with the model beside this file. Needs only torch and transformers.

    python predict.py "a text" "another text"
    python predict.py --json "a text"

Or in Python: ``from predict import predict``.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

MODEL_FOLDER = Path(__file__).resolve().parent / "model"


def predict(texts: Sequence[str], folder: Path = MODEL_FOLDER) -> list[dict[str, Any]]:
    """A prediction for each text: label, confidence and probabilities by label, largest first.

    The label is a name, a list of names, or a number with confidence None. ``sure`` is False where the confidence is below the
    minimum of the decision rule. ``low`` and ``high`` are the ends of the interval around a number.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    rule = json.loads((folder / "decision_rule.json").read_text(encoding="utf-8"))
    max_length = json.loads((folder / "studio.json").read_text(encoding="utf-8"))["max_length"]
    names = [model.config.id2label[i] for i in range(model.config.num_labels)]
    predictions = []
    for text in texts:
        inputs = tokenizer(text, truncation=True, max_length=max_length, return_tensors="pt")
        with torch.inference_mode():
            logits = model(**inputs).logits[0].double()
        if model.config.problem_type == "regression":
            predictions.append(_predict_number(float(logits[0]), rule))
        elif model.config.problem_type == "multi_label_classification":
            predictions.append(_predict_labels(logits.sigmoid().tolist(), names, rule))
        else:
            predictions.append(_predict_class(logits.softmax(-1).tolist(), names, rule))
    return predictions


def _predict_number(value: float, rule: dict[str, Any]) -> dict[str, Any]:
    prediction: dict[str, Any] = {"label": value, "confidence": None, "probabilities": {}}
    half_width = rule["interval_half_width"]
    if half_width is not None:
        prediction |= {"low": round(value - half_width, 6), "high": round(value + half_width, 6)}
    return prediction


def _predict_class(probabilities: list[float], names: list[str], rule: dict[str, Any]) -> dict[str, Any]:
    predicted = probabilities.index(max(probabilities))
    if len(names) == 2 and rule["thresholds"]:
        predicted = int(probabilities[1] > rule["thresholds"][0])
    return _make_prediction(names[predicted], probabilities[predicted], probabilities, names, rule)


def _predict_labels(probabilities: list[float], names: list[str], rule: dict[str, Any]) -> dict[str, Any]:
    thresholds = rule["thresholds"] or [0.5]
    if len(thresholds) == 1:
        thresholds = thresholds * len(names)
    positive = [p > threshold for p, threshold in zip(probabilities, thresholds, strict=True)]
    confidence = min(p if yes else 1 - p for p, yes in zip(probabilities, positive, strict=True))
    labels = [name for name, yes in zip(names, positive, strict=True) if yes]
    return _make_prediction(labels, confidence, probabilities, names, rule)


def _make_prediction(
    label: str | list[str], confidence: float, probabilities: list[float], names: list[str], rule: dict[str, Any]
) -> dict[str, Any]:
    order = sorted(range(len(names)), key=lambda i: -probabilities[i])
    prediction: dict[str, Any] = {
        "label": label,
        "confidence": round(confidence, 6),
        "probabilities": {names[i]: round(probabilities[i], 6) for i in order},
    }
    if rule["abstain_below"] > 0:
        prediction["sure"] = confidence >= rule["abstain_below"]
    return prediction


def format_prediction(prediction: dict[str, Any]) -> str:
    """A prediction as text: the label with its confidence, or the number with its interval."""
    label = prediction["label"]
    if prediction["confidence"] is None:
        interval = f" (between {prediction['low']:.4g} and {prediction['high']:.4g})" if "low" in prediction else ""
        return f"{label:.4g}{interval}"
    name = label if isinstance(label, str) else ", ".join(label) or "no label"
    review = "" if prediction.get("sure", True) else " - low confidence: review by hand"
    return f"{name} ({prediction['confidence']:.0%}){review}"


def main(arguments: list[str]) -> None:
    """Print the predictions for the texts given as arguments."""
    as_json = "--json" in arguments
    texts = [argument for argument in arguments if argument != "--json"]
    if not texts:
        sys.exit('Expected a text. Usage: python predict.py [--json] "a text" ...')
    disable_progress_bar()
    predictions = predict(texts)
    if as_json:
        print(json.dumps(predictions, ensure_ascii=False, indent=2))
        return
    for text, prediction in zip(texts, predictions, strict=True):
        print(f"{text}\n  -> {format_prediction(prediction)}")
        for name, probability in prediction["probabilities"].items():
            print(f"     {name}: {probability:.4f}")


if __name__ == "__main__":
    main(sys.argv[1:])
