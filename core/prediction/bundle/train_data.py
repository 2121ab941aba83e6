"""The rows, the settings and the losses of a run, for ``train.py`` in the zip of a run."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.optimize import minimize
from sklearn.metrics import f1_score, r2_score
from torch.nn import functional

TEMPERATURES = [1.0, *(float(value) for value in np.geomspace(0.05, 20, 200))]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
HAS_BFLOAT16 = (
    torch.cuda.is_bf16_supported(including_emulation=False)
    if DEVICE == "cuda"
    else torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
)


class Data:
    """The rows of the run, its task and settings. ``targets`` are on the original scale, ``scaled`` on that of the loss."""

    def __init__(self, folder: Path) -> None:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        self.config: dict[str, Any] = record["config"]
        self.kind, self.labels = record["task"]["kind"], list(record["task"]["labels"])
        self.outputs = 1 if self.kind == "regression" else len(self.labels)
        self.one_label = self.kind in ("binary", "multiclass")
        model = json.loads((folder / "model" / "studio.json").read_text(encoding="utf-8"))
        self.bfloat16 = self.config["mixed_precision"] and HAS_BFLOAT16
        self.max_length, self.truncation = model["max_length"], model.get("truncation", "head")
        frames = {
            name: pd.read_parquet(folder / "splits" / f"{name}.parquet") for name in ("train", "validation", "test")
        }
        self.texts = {name: frame["text"].tolist() for name, frame in frames.items()}
        self.targets = {name: self.encode(frame["label"].tolist()) for name, frame in frames.items()}
        train = self.targets["train"]
        self.mean, self.std = (
            (float(train.mean()), float(train.std()) or 1.0) if self.kind == "regression" else (0.0, 1.0)
        )

    def encode(self, labels: Sequence[Any]) -> np.ndarray:
        """Labels as numbers: class ids, rows of 0 and 1, or values."""
        if self.kind == "regression":
            return np.asarray(labels, dtype=np.float64)
        if self.kind == "multilabel":
            return np.asarray([[float(name in names) for name in self.labels] for names in labels], dtype=np.float32)
        return np.asarray([self.labels.index(label) for label in labels], dtype=np.int64)

    def scaled(self, name: str) -> np.ndarray:
        """Targets on the scale of the loss: standardized values, or the targets themselves."""
        scaled = (self.targets[name] - self.mean) / self.std if self.kind == "regression" else self.targets[name]
        return scaled if self.one_label else scaled.astype(np.float32)

    def class_weights(self, power: float) -> np.ndarray | None:
        """Weights inverse to the number of rows of a class, to a power, with a mean of 1 over the rows."""
        train = self.targets["train"]
        if self.kind == "regression":
            return None
        if self.kind == "multilabel":
            positive = np.maximum(train.sum(axis=0), 1)
            return np.asarray(np.clip(((len(train) - positive) / positive) ** power, 0.1, 10))
        counts = np.bincount(train, minlength=self.outputs)
        weights = np.clip((len(train) / (self.outputs * np.maximum(counts, 1))) ** power, 0.1, 10) * (counts > 0)
        return np.asarray(weights * len(train) / (weights @ counts))

    def metric(self, targets: np.ndarray, logits: np.ndarray) -> float:
        """The main metric of the task for logits: macro-F1, micro-F1 or R²."""
        if self.kind == "regression":
            return float(r2_score(targets, logits[:, 0]))
        if self.kind == "multilabel":
            return float(f1_score(targets, logits > 0, average="micro", zero_division=0))
        return float(f1_score(targets, logits.argmax(axis=1), average="macro", zero_division=0))


def log_loss(data: Data, targets: np.ndarray, logits: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The mean negative log-likelihood in nats, weighted by row where there are weights."""
    exact = torch.from_numpy(logits.astype(np.float64))
    if data.kind == "multilabel":
        return float(functional.binary_cross_entropy_with_logits(exact, torch.from_numpy(targets).double()))
    losses = functional.cross_entropy(exact, torch.from_numpy(targets), reduction="none").numpy()
    return float(np.average(losses, weights=weights))


def best_temperature(data: Data, targets: np.ndarray, logits: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The temperature between 0.05 and 20 with the lowest log loss."""
    return min(TEMPERATURES, key=lambda temperature: log_loss(data, targets, logits / temperature, weights))


def fit_temperature(data: Data, targets: np.ndarray, logits: np.ndarray) -> float:
    """The temperature for new texts: that with the lowest log loss, drawn toward 1 where there are few rows."""
    penalty = 1 / (2 * 0.3**2 * len(targets))
    return min(TEMPERATURES, key=lambda t: log_loss(data, targets, logits / t) + penalty * math.log(t) ** 2)


def expected_f1(logits: np.ndarray, predicted: np.ndarray) -> float:
    """The macro-F1 of predicted classes (n,) if the probabilities of the logits (n, outputs) are right."""
    probabilities = torch.softmax(torch.from_numpy(logits), dim=1).numpy()
    chosen = np.eye(logits.shape[1])[predicted]
    return float((2 * (chosen * probabilities).sum(axis=0) / (chosen + probabilities).sum(axis=0)).mean())


def fit_calibration(data: Data, targets: np.ndarray, logits: np.ndarray) -> tuple[float, np.ndarray]:
    """The temperature, and offsets (outputs,) that take class weights back if that lowers the loss by more than chance."""
    temperature, none = fit_temperature(data, targets, logits), np.zeros(data.outputs)
    power = 1.0 if data.config["method"] == "instant" else data.config["class_weight_power"]
    class_weights = data.class_weights(power) if data.one_label else None
    if class_weights is None or np.ptp(class_weights[class_weights > 0]) < 1e-9:
        return temperature, none
    shift = np.log(np.where(class_weights > 0, class_weights, 1.0))
    exact = logits.astype(np.float64)

    def loss(parameters: np.ndarray) -> float:
        penalty = (parameters[0] / 0.3) ** 2 / 2 + (parameters[1] / 0.5) ** 2 / 2
        calibrated = exact / np.exp(parameters[0]) - parameters[1] * shift
        return log_loss(data, targets, calibrated) + float(penalty) / len(targets)

    bounds = [(np.log(0.05), np.log(20.0)), (0.0, 1.5)]
    log_temperature, share = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=bounds).x
    plain, corrected = exact / temperature, exact / np.exp(log_temperature) - share * shift
    gain = len(targets) * (log_loss(data, targets, plain) - log_loss(data, targets, corrected))
    before, after = (expected_f1(corrected, calibrated.argmax(axis=1)) for calibrated in (plain, corrected))
    if gain > 1.92 and after >= before:
        return float(np.exp(log_temperature)), -share * shift
    return temperature, none


def selection_loss(data: Data, targets: np.ndarray, logits: np.ndarray) -> float:
    """The loss by which models are chosen on validation rows: class-weighted log loss at the best temperature, or MSE."""
    if data.kind == "regression":
        return float(((targets - logits[:, 0]) ** 2).mean())
    class_weights = data.class_weights(1.0)
    weights = class_weights[targets] if data.one_label and class_weights is not None else None
    return log_loss(data, targets, logits / best_temperature(data, targets, logits, weights), weights)
