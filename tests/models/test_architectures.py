"""Every architecture: a tiny random checkpoint is loaded, trained, saved and compared with plain transformers."""

import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from core import host
from core.data.splitting import Splits
from core.errors import ModelError
from core.evaluation.decisions.predictions import make_predictions
from core.jobs.events import Event, Step
from core.models.checkpoint import max_input_length
from core.models.classifier import Classifier, build_classifier, load_classifier, output_layer, save_pretrained
from core.models.gradients import integrated_gradients
from core.models.tokenization import count_tokens, load_tokenizer
from core.task import Floats, Task
from core.training.config import TrainingConfig
from core.training.trainer import FineTuning, fine_tune
from tests.conftest import WORDS
from tests.models.checkpoints import ARCHITECTURES, save_checkpoint

TASK = Task("binary", ("cold", "fruit"))
TEXTS = ["the red apple is very sweet", "the sky", "a blue sea was cold one two a blue sea was cold"]


@pytest.fixture(autouse=True)
def use_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "cores", lambda: 1)


@pytest.fixture(scope="session", params=ARCHITECTURES)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_checkpoint(request.param, tmp_path_factory.mktemp(request.param))


def splits() -> Splits:
    rng = np.random.default_rng(0)
    topics = {"fruit": ["apple", "cherry", "plum"], "cold": ["sky", "sea", "ice"]}
    rows = [
        {"text": " ".join([*rng.choice(["the", "a", "very", "is"], 3), str(rng.choice(words))]), "label": label}
        for _ in range(24)
        for label, words in topics.items()
    ]
    frame = pd.DataFrame(rows)
    return Splits(train=frame[:32], validation=frame[32:40], test=frame[40:], task=TASK)


def train(encoder: Path, folder: Path, freeze: bool) -> tuple[Classifier, list[Event]]:
    events: list[Event] = []
    config = TrainingConfig(
        encoder=str(encoder),
        epochs=2,
        batch_size=8,
        max_length=32,
        learning_rate=1e-3,
        freeze_embeddings=freeze,
        dropout=0.1,
    )
    return fine_tune(FineTuning(splits(), config, folder, events.append)), events


def embeddings(classifier: Classifier) -> torch.Tensor:
    layer = classifier.model.get_input_embeddings()
    assert isinstance(layer, torch.nn.Embedding)
    return layer.weight.detach().cpu().clone()


def plain_probabilities(folder: Path) -> Floats:
    """The probabilities that plain transformers computes from the folder."""
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        batches = [tokenizer(text, truncation=True, max_length=32, return_tensors="pt") for text in TEXTS]
        rows = [model(**batch).logits.softmax(-1)[0].numpy() for batch in batches]
    return np.stack(rows)


def test_a_model_gives_the_same_logits_after_training_saving_and_loading(checkpoint: Path, tmp_path: Path) -> None:
    trained, events = train(checkpoint, tmp_path / "checkpoints", freeze=True)
    losses = [event.loss for event in events if isinstance(event, Step)]
    assert len(losses) == 8
    assert np.isfinite(losses).all()
    save_pretrained(trained, tmp_path / "model")
    logits = trained.logits(TEXTS)
    assert load_classifier(tmp_path / "model").logits(TEXTS) == pytest.approx(logits, abs=1e-4)
    assert plain_probabilities(tmp_path / "model") == pytest.approx(
        make_predictions(TASK, logits).probabilities, abs=1e-4
    )


def test_logits_do_not_depend_on_order_or_padding(checkpoint: Path) -> None:
    classifier = build_classifier(str(checkpoint), TASK, 32)
    one_by_one = np.concatenate([classifier.logits([text]) for text in TEXTS])
    assert classifier.logits(TEXTS[::-1])[::-1] == pytest.approx(one_by_one, abs=1e-4)


def test_frozen_embeddings_do_not_change_and_others_do(checkpoint: Path, tmp_path: Path) -> None:
    before = embeddings(build_classifier(str(checkpoint), TASK, 32))
    for freeze in (True, False):
        trained, _ = train(checkpoint, tmp_path / str(freeze), freeze)
        assert torch.equal(before, embeddings(trained)) == freeze


def test_tokens_are_counted_as_the_model_reads_them(checkpoint: Path) -> None:
    classifier = build_classifier(str(checkpoint), TASK, 32)
    counts = count_tokens(str(checkpoint), TEXTS)
    assert counts.pieces.tolist() == [len(ids) for ids in classifier.tokenizer(TEXTS)["input_ids"]]
    assert counts.unknown.tolist() == [0, 0, 0]
    assert load_tokenizer(str(checkpoint)).encode(WORDS[0]).ids == classifier.tokenizer(WORDS[0])["input_ids"]


def test_a_text_of_the_maximum_length_fits(checkpoint: Path) -> None:
    classifier = build_classifier(str(checkpoint), TASK, 4096)
    assert classifier.max_length == max_input_length(classifier.model)
    assert classifier.max_length == (38 if "roberta" in checkpoint.name else 40)
    assert np.isfinite(classifier.logits(["one two " * 100])).all()


def test_attention_dropout_is_zero(checkpoint: Path) -> None:
    config = build_classifier(str(checkpoint), TASK, 32).model.config
    assert getattr(config, "attention_probs_dropout_prob", getattr(config, "attention_dropout", None)) == 0.0


@pytest.mark.parametrize("kind", ["regression", "multilabel"])
def test_regression_and_multilabel_models(checkpoint: Path, tmp_path: Path, kind: str) -> None:
    task = Task("regression", ()) if kind == "regression" else Task("multilabel", ("p", "q", "r"))
    classifier = build_classifier(str(checkpoint), task, 32)
    save_pretrained(classifier, tmp_path)
    assert classifier.logits(TEXTS).shape == (3, task.outputs)
    assert load_classifier(tmp_path).logits(TEXTS) == pytest.approx(classifier.logits(TEXTS), abs=1e-4)


def test_only_bert_has_frozen_features(checkpoint: Path) -> None:
    classifier = build_classifier(str(checkpoint), TASK, 32)
    if checkpoint.name.startswith("bert"):
        assert classifier.features(TEXTS).shape == (3, 32)
        return
    with pytest.raises(ModelError, match="Frozen features need an encoder of the BERT architecture"):
        classifier.features(TEXTS)


def test_a_trained_model_can_be_the_encoder_for_other_labels(checkpoint: Path, tmp_path: Path) -> None:
    for labels in (("a", "b", "c"), ("x", "y")):
        save_pretrained(build_classifier(str(checkpoint), Task("multiclass", labels), 32), tmp_path / labels[0])
    three = build_classifier(str(tmp_path / "a"), TASK, 32)
    two = build_classifier(str(tmp_path / "x"), TASK, 32)
    assert three.logits(TEXTS).shape == two.logits(TEXTS).shape == (3, 2)
    assert three.model.config.num_hidden_layers == (3 if checkpoint.name.startswith("bert") else 2)
    trained = AutoModelForSequenceClassification.from_pretrained(tmp_path / "x")
    assert not torch.equal(output_layer(trained).weight, output_layer(two.model).weight)


def test_half_precision_weights_are_loaded_as_float32(tmp_path: Path) -> None:
    folder = save_checkpoint("deberta-v2", tmp_path / "deberta")
    AutoModelForSequenceClassification.from_pretrained(folder).half().save_pretrained(folder)
    model = build_classifier(str(folder), TASK, 32).model
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_an_old_checkpoint_without_architecture_and_casing_is_loaded(tmp_path: Path) -> None:
    folder = save_checkpoint("bert", tmp_path / "old-bert-cased")
    config = (folder / "config.json").read_text().replace('"model_type": "bert",', "")
    (folder / "config.json").write_text(config)
    pieces = sorted(load_tokenizer(str(folder)).get_vocab().items(), key=lambda entry: entry[1])
    words = [piece.title() if piece == "apple" else piece for piece, _ in pieces]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()
    load_tokenizer.cache_clear()
    ids = build_classifier(str(folder), TASK, 32).tokenizer("Apple the")["input_ids"]
    assert ids == [2, words.index("Apple"), words.index("the"), 3]
    assert load_tokenizer(str(folder)).encode("Apple the").ids == ids


@pytest.mark.parametrize("architecture", ["gpt2", "t5"])
def test_generative_models_are_refused(tmp_path: Path, architecture: str) -> None:
    folder = save_checkpoint("bert", tmp_path / architecture)
    (folder / "config.json").write_text(f'{{"model_type": "{architecture}"}}')
    with pytest.raises(
        ModelError, match=f"Expected an encoder such as BERT, RoBERTa or DeBERTa, found '{architecture}'"
    ):
        build_classifier(str(folder), TASK, 32)


@pytest.mark.parametrize(
    ("file", "contents", "message"),
    [
        ("model.safetensors", b"", "broken"),
        ("model.safetensors", b"\x08\0\0\0\0\0\0\0{}      and more", "broken"),
        ("config.json", b"{", "config.json cannot be read"),
        ("config.json", b"[]", "is not a JSON object"),
        ("config.json", b'{"model_type": "bert", "hidden_size": "wide"}', "broken"),
        (
            "config.json",
            b'{"model_type": "bert", "hidden_size": 48, "num_attention_heads": 2}',
            "weights are missing or have the wrong shape",
        ),
        ("config.json", b'{"model_type": "warp-drive"}', "does not support"),
        ("tokenizer.json", b"{}", "tokenizer cannot be read"),
    ],
)
def test_broken_files_get_an_error(tmp_path: Path, file: str, contents: bytes, message: str) -> None:
    folder = save_checkpoint("bert", tmp_path / "encoder")
    (folder / file).write_bytes(contents)
    with pytest.raises(ModelError, match=message) as caught:
        build_classifier(str(folder), TASK, 32)
    assert caught.value.hint


def test_missing_weights_are_not_initialized_at_random(tmp_path: Path) -> None:
    folder = save_checkpoint("bert", tmp_path / "encoder")
    shutil.copy(save_checkpoint("roberta", tmp_path / "other") / "model.safetensors", folder)
    with pytest.raises(ModelError, match="weights are missing or have the wrong shape"):
        build_classifier(str(folder), TASK, 32)


def test_a_tokenizer_that_is_only_a_sentencepiece_model_is_loaded(tmp_path: Path) -> None:
    """DeBERTa-v3 is published with spm.model and no tokenizer.json."""
    sentencepiece = pytest.importorskip("sentencepiece")
    folder = save_checkpoint("deberta-v2", tmp_path / "deberta")
    model_file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 5 + list(WORDS)),
        model_writer=model_file,
        vocab_size=40,
        **{f"{name}_id": i for i, name in enumerate(["pad", "bos", "eos", "unk"])},
        **{"pad_piece": "[PAD]", "bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]"},
        minloglevel=2,
    )
    (folder / "spm.model").write_bytes(model_file.getvalue())
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false, "vocab_type": "spm"}')
    processor = sentencepiece.SentencePieceProcessor(model_proto=model_file.getvalue())
    classifier = build_classifier(str(folder), TASK, 32)
    load_tokenizer.cache_clear()
    for text in TEXTS:
        assert classifier.tokenizer(text)["input_ids"] == [1, *processor.encode(text), 2]
        assert load_tokenizer(str(folder)).encode(text).ids == [1, *processor.encode(text), 2]
    save_pretrained(classifier, tmp_path / "model")
    assert load_classifier(tmp_path / "model").logits(TEXTS) == pytest.approx(classifier.logits(TEXTS), abs=1e-5)


def test_the_error_names_sentencepiece_if_it_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_checkpoint("deberta-v2", tmp_path / "deberta")
    (folder / "tokenizer.json").rename(folder / "spm.model")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="needs the package sentencepiece"):
        build_classifier(str(folder), TASK, 32)


def test_every_token_that_is_read_has_a_gradient(checkpoint: Path) -> None:
    classifier = build_classifier(str(checkpoint), TASK, 32)
    (ids,) = classifier.token_ids(["the red apple is very sweet"])
    gradients = integrated_gradients(classifier, ids, 1)
    assert (gradients[1:-1] != 0).all()
    assert gradients[[0, -1]].tolist() == [0, 0]
