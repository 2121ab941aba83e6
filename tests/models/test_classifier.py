"""Pooling, heads and the two forms a model is saved in, on the built-in encoder."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel

from core.errors import ModelError
from core.models import classifier as classifiers
from core.models.classifier import Classifier
from core.models.demo import DEMO_MODEL
from core.models.encoders import BUILT_IN, built_in_folder
from core.models.head import Head
from core.models.pooling import POOLED_SCALE, DirectPooling, pooling_layer_in_place
from core.task import Task

TASK = Task("multiclass", ("cold", "fruit", "other"))
TEXTS = ["a red apple", "the deep blue sea is cold today", "please renew my passport before the trip", "ice"]


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    untrained = classifiers.build(BUILT_IN, TASK, 64)
    weight = np.random.default_rng(0).normal(size=(3, 384)).astype(np.float32)
    return untrained.with_head(Head(weight, np.asarray([0.1, 0.0, -0.1], dtype=np.float32), 1.0))


def test_features_are_the_normalised_mean_of_the_plain_encoder(classifier: Classifier) -> None:
    plain = AutoModel.from_pretrained(built_in_folder()).eval()
    for text, feature in zip(TEXTS, classifier.features(TEXTS), strict=True):
        with torch.inference_mode():
            hidden = plain(**classifier.tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        mean = torch.nn.functional.layer_norm(hidden.mean(0), (384,))
        assert feature == pytest.approx(torch.tanh(POOLED_SCALE * mean).numpy(), abs=2e-3)


def test_pooling_directly_equals_the_layer_that_is_saved(classifier: Classifier) -> None:
    direct = classifier.logits(TEXTS)
    with pooling_layer_in_place(classifier.model):
        assert not any(isinstance(module, DirectPooling) for module in classifier.model.modules())
        assert classifier.logits(TEXTS) == pytest.approx(direct, abs=1e-5)
    assert any(isinstance(module, DirectPooling) for module in classifier.model.modules())


def test_neither_order_nor_padding_matters(classifier: Classifier) -> None:
    together = classifier.logits(TEXTS)
    alone = np.concatenate([classifier.logits([text]) for text in TEXTS])
    assert together == pytest.approx(alone, abs=1e-4)
    assert classifier.logits(TEXTS[::-1]) == pytest.approx(together[::-1], abs=1e-4)


def test_logits_are_the_heads_of_the_features(classifier: Classifier) -> None:
    layer = classifiers.output_layer(classifier.model)
    expected = classifier.features(TEXTS) @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    assert classifier.logits(TEXTS) == pytest.approx(expected, abs=1e-4)


def test_progress_reaches_the_end(classifier: Classifier) -> None:
    seen: list[tuple[int, int]] = []
    classifier.logits(TEXTS, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (4, 4)
    assert classifier.logits([]).shape == (0, 3)


_PLAIN = """
import json, sys
from transformers import AutoModelForSequenceClassification, AutoTokenizer
import torch
folder, texts = sys.argv[1], json.loads(sys.argv[2])
model, tokenizer = AutoModelForSequenceClassification.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
with torch.inference_mode():
    p = [model(**tokenizer(t, truncation=True, max_length=64, return_tensors="pt")).logits.softmax(-1)[0].tolist() for t in texts]
print(json.dumps({"p": p, "id2label": model.config.id2label, "label2id": model.config.label2id}))
"""


def test_plain_transformers_in_a_fresh_process_agrees(classifier: Classifier, tmp_path: Path) -> None:
    classifiers.save_whole(classifier, tmp_path)
    command = [sys.executable, "-c", _PLAIN, str(tmp_path), json.dumps(TEXTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    found = json.loads(done.stdout.splitlines()[-1])
    assert np.asarray(found["p"]) == pytest.approx(TASK.probabilities(classifier.logits(TEXTS)), abs=1e-5)
    assert found["id2label"] == {"0": "cold", "1": "fruit", "2": "other"}
    assert found["label2id"] == {"cold": 0, "fruit": 1, "other": 2}
    assert classifiers.load(tmp_path).logits(TEXTS) == pytest.approx(classifier.logits(TEXTS), abs=1e-5)


def test_a_head_alone_is_small_and_comes_back(classifier: Classifier, tmp_path: Path) -> None:
    classifiers.save_head(classifier, tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 20_000
    assert classifiers.load(tmp_path).logits(TEXTS) == pytest.approx(classifier.logits(TEXTS), abs=1e-5)


def test_a_folder_without_a_model_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no model"):
        classifiers.load(tmp_path)


def test_the_shipped_head_knows_the_clinic() -> None:
    demo = classifiers.load(DEMO_MODEL)
    texts = ["can I get more of my blood pressure pills", "why was I charged twice", "are you open on Sundays"]
    assert demo.task.decode(demo.task.decide(demo.logits(texts))) == [
        "Medication Request",
        "Billing",
        "General Inquiry",
    ]
