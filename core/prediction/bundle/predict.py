"""Predict texts with the model beside this file. Needs torch and transformers, or only onnxruntime and tokenizers.

    python predict.py "a text" "another text"
    python predict.py --json "a text"
    python predict.py --onnx "a text"       (ONNX Runtime; used without --onnx where torch is not installed)
    python predict.py --int8 "a text"       (ONNX Runtime with 8-bit weights: smaller and faster, a little less exact)

Or in Python: ``from predict import predict``.
"""

import importlib.util
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Encoding, Tokenizer

# In a zip the model is in a folder beside this file; in a repository of the Hugging Face hub it is in the same folder.
HERE = Path(__file__).resolve().parent
MODEL_FOLDER = HERE / "model" if (HERE / "model").is_dir() else HERE
GRAPHS = {"onnx": "onnx/model.onnx", "int8": "onnx/model_int8.onnx"}
HEAD_SHARE = 0.25


def predict(texts: Sequence[str], folder: Path = MODEL_FOLDER, engine: str = "") -> list[dict[str, Any]]:
    """A prediction for each text: label, confidence and probabilities by label, largest first.

    The label is a name, a list of names, or a number with confidence None. ``sure`` is False where the confidence is below the
    minimum of the decision rule. ``low`` and ``high`` are the ends of the interval around a number. ``engine`` is "torch", "onnx"
    or "int8"; by default torch where it is installed, else onnx.
    """
    rule = json.loads((folder / "decision_rule.json").read_text(encoding="utf-8"))
    record = json.loads((folder / "studio.json").read_text(encoding="utf-8"))
    kind, names = record["task"]["kind"], record["task"]["labels"]
    engine = engine or ("torch" if importlib.util.find_spec("torch") else "onnx")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    compute_logits = (_load_torch if engine == "torch" else _load_onnx)(folder, engine)
    predictions = []
    for text in texts:
        logits = compute_logits(_read_ids(tokenizer.encode(text), record))
        if kind == "regression":
            predictions.append(_predict_number(logits[0], rule))
        elif kind == "multilabel":
            predictions.append(_predict_labels(list(map(_sigmoid, logits)), names, rule))
        else:
            predictions.append(_predict_class(_softmax(logits), names, rule))
    return predictions


def _load_torch(folder: Path, engine: str) -> Callable[[list[int]], list[float]]:
    """The function that computes logits from token ids with torch and transformers."""
    import torch
    from transformers import AutoModelForSequenceClassification
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()

    def compute_logits(token_ids: list[int]) -> list[float]:
        inputs = torch.tensor([token_ids])
        with torch.inference_mode():
            logits: list[float] = model(input_ids=inputs, attention_mask=torch.ones_like(inputs)).logits[0].tolist()
        return logits

    return compute_logits


def _load_onnx(folder: Path, engine: str) -> Callable[[list[int]], list[float]]:
    """The function that computes logits from token ids with ONNX Runtime, without torch and transformers."""
    graph = folder / GRAPHS[engine]
    if not graph.exists():
        sys.exit(
            f"There is no {GRAPHS[engine]} beside the model. Install torch and transformers to predict without it."
        )
    import numpy as np
    import onnxruntime  # type: ignore[import-untyped]

    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])

    def compute_logits(token_ids: list[int]) -> list[float]:
        inputs = np.array([token_ids], dtype=np.int64)
        outputs = session.run(["logits"], {"input_ids": inputs, "attention_mask": np.ones_like(inputs)})
        logits: list[float] = outputs[0][0].tolist()
        return logits

    return compute_logits


def _read_ids(encoding: Encoding, record: dict[str, Any]) -> list[int]:
    """The ids of the tokens that the model reads: all, the first ones, or (head_tail) the first and the last ones."""
    ids: list[int] = encoding.ids
    special = encoding.special_tokens_mask
    if len(ids) <= record["max_length"] or 0 not in special:
        return ids
    start, after = special.index(0), special[::-1].index(0)
    room = max(0, record["max_length"] - start - after)
    head = math.ceil(HEAD_SHARE * room) if record.get("truncation") == "head_tail" else room
    return ids[: start + head] + ids[len(ids) - after - (room - head) :]


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else 1 - 1 / (1 + math.exp(logit))


def _softmax(logits: list[float]) -> list[float]:
    exponentials = [math.exp(logit - max(logits)) for logit in logits]
    return [value / sum(exponentials) for value in exponentials]


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
    options = {"--json", "--onnx", "--int8"} & set(arguments)
    texts = [argument for argument in arguments if argument not in options]
    if not texts:
        sys.exit('Expected a text. Usage: python predict.py [--json] [--onnx | --int8] "a text" ...')
    engine = next((name for name in ("int8", "onnx") if f"--{name}" in options), "")
    predictions = predict(texts, engine=engine)
    if "--json" in options:
        print(json.dumps(predictions, ensure_ascii=False, indent=2))
        return
    for text, prediction in zip(texts, predictions, strict=True):
        print(f"{text}\n  -> {format_prediction(prediction)}")
        for name, probability in prediction["probabilities"].items():
            print(f"     {name}: {probability:.4f}")


if __name__ == "__main__":
    main(sys.argv[1:])
