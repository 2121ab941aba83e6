"""The quiz is right: where code can say the answer, it is asked."""

import math

import numpy as np
import pytest
import torch
from sklearn import metrics as sk
from sklearn.neighbors import KNeighborsClassifier
from transformers import AutoModelForSequenceClassification

from core.evaluation.decisions.calibration import fit_temperature
from core.lessons.head import argmax, worked_softmax
from core.lessons.outline import LESSON_STEPS
from core.lessons.questions import LEVELS, QUESTIONS, Question
from core.lessons.tokens import tokenize
from core.task import Task

BY_NAME = {question.name: question for question in QUESTIONS}


def answer(name: str) -> str:
    question = BY_NAME[name]
    return question.options[question.answer].text


def test_there_are_ten_questions_in_three_levels() -> None:
    assert len(BY_NAME) == len(QUESTIONS) == 10
    assert [level for level in LEVELS if any(question.level == level for question in QUESTIONS)] == list(LEVELS)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_every_option_has_an_explanation_and_a_step(question: Question) -> None:
    texts = [option.text for option in question.options]
    assert len(set(texts)) == 4
    assert all(option.explanation.endswith((".", "%")) for option in question.options)
    assert 0 <= question.answer < 4
    assert 1 <= question.step <= len(LESSON_STEPS)


def test_word_pieces() -> None:
    assert tokenize("tokenization", 4).tokens["piece"].tolist()[1:-1] == answer("word_pieces").split(", ")


def test_truncation() -> None:
    read = tokenize("word " * 300, 128)
    assert str(read.read - 2) == answer("truncation")
    assert len(read.cut) == 300 - 126


def test_overfitting() -> None:
    validation = [0.58, 0.41, 0.47, 0.66]
    assert all(f"{loss:.2f}" in BY_NAME["overfitting"].text for loss in validation)
    assert answer("overfitting") == f"Epoch {int(np.argmin(validation)) + 1}"


def test_argmax() -> None:
    table = worked_softmax({"billing": -0.4, "refund": 2.9, "delivery": 1.2})
    assert argmax(table) == answer("argmax")
    assert "about 15%" in BY_NAME["argmax"].options[2].explanation
    assert table["probability"].iloc[2] == pytest.approx(0.15, abs=0.005)


def test_softmax() -> None:
    share = worked_softmax({"first": 0.0, "second": 1.1})["probability"].iloc[1]
    assert math.log(3) == pytest.approx(1.1, abs=0.01)
    assert f"{share:.0%}" == answer("softmax")


def test_missing_labels(tiny_encoder: str) -> None:
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_pretrained(tiny_encoder, num_labels=2)
    ids = torch.tensor([[2, 5, 6, 3]])
    names = {"model": model, "ids": ids, "mask": torch.ones_like(ids)}
    with pytest.raises(AttributeError, match="NoneType"):
        exec(BY_NAME["missing_labels"].code, names)
    repaired = BY_NAME["missing_labels"].code.replace("mask)", "mask, labels=torch.tensor([1]))")
    exec(repaired, names | {"torch": torch})
    assert model.classifier.weight.grad is not None


def test_imbalance() -> None:
    y_true, y_pred = [1] * 5 + [0] * 95, [0] * 100
    accuracy = sk.accuracy_score(y_true, y_pred)
    f1 = sk.f1_score(y_true, y_pred, average="macro", zero_division=0)
    assert answer("imbalance") == f"{accuracy:.0%} and {f1:.0%}"


def test_leakage() -> None:
    rng = np.random.default_rng(0)
    texts, labels = rng.normal(size=(400, 8)), rng.integers(0, 2, 400)
    model = KNeighborsClassifier(1).fit(texts[:200], labels[:200])
    honest = model.score(texts[200:], labels[200:])
    half_leaked = model.score(texts[100:300], labels[100:300])
    assert honest == pytest.approx(0.5, abs=0.1)
    assert half_leaked > honest + 0.15
    assert answer("leakage").startswith("It is too high")


def test_calibration() -> None:
    logit = math.log(0.9 / 0.1)
    logits = np.tile(np.array([[0.0, logit]], dtype=np.float32), (200, 1))
    y_true = np.array([1] * 150 + [0] * 50)
    assert fit_temperature(Task("binary", ("no", "yes")), y_true, logits) > 1
    assert "A temperature above 1" in answer("calibration")
