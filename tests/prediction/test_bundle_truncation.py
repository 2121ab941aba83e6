"""The scripts of a zip read the same tokens of long texts as the app, though they share no code with it."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast, get_args

import numpy as np
import pytest
from scipy.special import softmax

from core import decision_rule
from core.decision_rule import DecisionRule
from core.models.classifier import save_pretrained
from core.models.truncation import Truncation
from core.prediction.bundle.predict import predict
from core.prediction.export import SCRIPTS_FOLDER
from tests.models.engines.cases import TASKS, build_model, made_up_texts

TEXTS = ["", "the sky", *made_up_texts(20), "a blue sea was cold " * 30]


@pytest.mark.parametrize("truncation", get_args(Truncation))
def test_both_scripts_read_the_same_tokens(
    truncation: Truncation, tiny_encoder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(SCRIPTS_FOLDER)  # scripts import what lies beside them
    tokenize = import_module("train_model").tokenize
    classifier = replace(build_model(tiny_encoder, TASKS[1]), truncation=truncation)
    data = SimpleNamespace(max_length=classifier.max_length, truncation=truncation)
    assert tokenize(classifier.tokenizer, cast(Any, data), TEXTS) == classifier.token_ids(TEXTS)
    save_pretrained(classifier, tmp_path)
    decision_rule.save(DecisionRule(), tmp_path)
    predictions = predict(TEXTS, tmp_path, "torch")
    probabilities = [[prediction["probabilities"][name] for name in TASKS[1].labels] for prediction in predictions]
    assert np.asarray(probabilities) == pytest.approx(softmax(classifier.logits(TEXTS), axis=1), abs=1e-4)
