"""Saved models of every task on the tiny encoder, for the tests of engines."""

from pathlib import Path

import numpy as np

from core.models.classifier import Classifier, build_classifier, load_classifier, save_head, save_pretrained
from core.models.head import Head
from core.task import Task
from tests.conftest import WORDS

TASKS = (
    Task("binary", ("cold", "fruit")),
    Task("multiclass", ("cold", "fruit", "other")),
    Task("multilabel", ("cold", "fruit", "red", "sweet")),
    Task("regression", ()),
)
MAX_LENGTH = 24


def made_up_texts(count: int) -> list[str]:
    """Texts of 1 to 40 known words, some longer than the models read."""
    rng = np.random.default_rng(1)
    return [" ".join(rng.choice(WORDS, size=rng.integers(1, 40))) for _ in range(count)]


def build_model(encoder: str, task: Task) -> Classifier:
    """A classifier with a random head, whose logits differ clearly from text to text."""
    classifier = build_classifier(encoder, task, MAX_LENGTH)
    rng = np.random.default_rng(0)
    weight = rng.normal(scale=20, size=(task.outputs, classifier.model.config.hidden_size)).astype(np.float32)
    features = classifier.features(made_up_texts(50))
    bias = -(features @ weight.T).mean(axis=0)
    return classifier.with_head(Head(weight, bias.astype(np.float32), 1.0))


def save_model(encoder: str, task: Task, folder: Path, form: str = "whole") -> Path:
    """The folder of a saved model of a form: "whole" or "head"."""
    classifier = build_model(encoder, task)
    (save_pretrained if form == "whole" else save_head)(classifier, folder)
    return folder


def torch_logits(model_folder: Path, texts: list[str]) -> np.ndarray:
    """What torch computes from a saved model."""
    return load_classifier(model_folder).logits(texts)
