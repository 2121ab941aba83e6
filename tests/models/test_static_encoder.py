"""The static encoder: means of token embeddings, and a first model on them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ConfigError, ModelError
from core.models.classifier import build_classifier
from core.models.engines.load import default_engine, load_engine, load_model_tokenizer, weight_bytes
from core.models.head import Head
from core.models.record import ModelRecord, write_head
from core.models.static_encoder import load_static_encoder
from core.task import Task
from tests.models.checkpoints import save_checkpoint

TASK = Task("binary", ("cold", "fruit"))


def test_a_vector_is_the_weighted_mean_of_the_token_embeddings(tiny_encoder: str) -> None:
    static = load_static_encoder(tiny_encoder, 16)
    model: Any = build_classifier(tiny_encoder, TASK, 16).model
    embeddings = model.base_model.embeddings
    tokenizer = static.tokenizer.tokenizer
    ids = tokenizer.encode("red apple", add_special_tokens=False).ids
    words = embeddings.word_embeddings.weight[ids] + embeddings.token_type_embeddings.weight[0]
    vectors = embeddings.LayerNorm(words).detach().numpy()
    ranks = np.arange(2, tokenizer.get_vocab_size() + 2)
    share = 1 / ranks / (1 / ranks).sum()
    mean = (vectors * (1e-4 / (1e-4 + share[ids]))[:, None]).sum(axis=0)
    assert static.features(["red apple"])[0] == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_the_order_of_words_does_not_matter_and_their_number_does_not_scale(tiny_encoder: str) -> None:
    static = load_static_encoder(tiny_encoder, 16)
    first, second, twice, nothing = static.features(["red apple", "apple red", "red apple red apple", ""])
    assert first == pytest.approx(second, abs=1e-6)
    assert first == pytest.approx(twice, abs=1e-6)
    assert not nothing.any()
    assert static.features([]).shape == (0, len(first))


def test_words_beyond_the_maximum_length_are_not_read(tiny_encoder: str) -> None:
    static = load_static_encoder(tiny_encoder, 4)
    short, long = static.features(["red apple", "red apple cold sea"])
    assert static.max_length == 4
    assert short == pytest.approx(long, abs=1e-6)


def test_other_architectures_have_no_static_encoder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no static encoder"):
        load_static_encoder(str(save_checkpoint("albert", tmp_path)), 16)


def test_a_saved_first_model_has_one_engine(tiny_encoder: str, tmp_path: Path) -> None:
    static = load_static_encoder(tiny_encoder, 16)
    features = static.features(["red apple", "cold sea"])
    head = Head(features.copy(), np.array([0.5, -0.5], dtype=np.float32), 1.0)
    folder = tmp_path / "run" / "first"
    write_head(folder, head, ModelRecord("static", TASK, tiny_encoder, 16))
    assert default_engine(folder) == "static"
    engine = load_engine(folder)
    assert (engine.name, engine.task) == ("static", TASK)
    assert engine.logits(["red apple", "cold sea"]) == pytest.approx(head.logits(features))
    assert load_model_tokenizer(folder).token_ids(["red apple"]) == static.tokenizer.token_ids(["red apple"])
    assert weight_bytes(folder, "static") > 0
    with pytest.raises(ConfigError, match="no other engine"):
        load_engine(folder, "torch")
