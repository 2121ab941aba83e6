"""Every architecture from a tiny random checkpoint to a trained model that plain transformers agrees with."""

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
from core.jobs.events import Event, Step
from core.models import classifier as classifiers
from core.models.checkpoint import longest_input
from core.models.classifier import Classifier
from core.models.tokenization import count_tokens, load_tokenizer
from core.task import Floats, Task
from core.training.config import TrainingConfig
from core.training.trainer import fine_tune
from tests.conftest import WORDS
from tests.models.checkpoints import ARCHITECTURES, save

TASK = Task("binary", ("cold", "fruit"))
TEXTS = ["the red apple is very sweet", "the sky", "a blue sea was cold one two a blue sea was cold"]


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "cores", lambda: 1)


@pytest.fixture(scope="session", params=ARCHITECTURES)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(request.param, tmp_path_factory.mktemp(request.param))


def splits() -> Splits:
    random = np.random.default_rng(0)
    topics = {"fruit": ["apple", "cherry", "plum"], "cold": ["sky", "sea", "ice"]}
    rows = [
        {"text": " ".join([*random.choice(["the", "a", "very", "is"], 3), str(random.choice(words))]), "label": label}
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
    return fine_tune(splits(), config, folder, events.append, lambda: False), events


def embeddings(classifier: Classifier) -> torch.Tensor:
    layer = classifier.model.get_input_embeddings()
    assert isinstance(layer, torch.nn.Embedding)
    return layer.weight.detach().cpu().clone()


def plain_probabilities(folder: Path) -> Floats:
    """What somebody gets who loads the folder with transformers and nothing else."""
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        batches = [tokenizer(text, truncation=True, max_length=32, return_tensors="pt") for text in TEXTS]
        rows = [model(**batch).logits.softmax(-1)[0].numpy() for batch in batches]
    return np.stack(rows)


def test_trained_saved_and_loaded_it_answers_the_same(checkpoint: Path, tmp_path: Path) -> None:
    trained, events = train(checkpoint, tmp_path / "checkpoints", freeze=True)
    losses = [event.loss for event in events if isinstance(event, Step)]
    assert len(losses) == 8
    assert np.isfinite(losses).all()
    classifiers.save_whole(trained, tmp_path / "model")
    logits = trained.logits(TEXTS)
    assert classifiers.load(tmp_path / "model").logits(TEXTS) == pytest.approx(logits, abs=1e-4)
    assert plain_probabilities(tmp_path / "model") == pytest.approx(TASK.probabilities(logits), abs=1e-4)


def test_neither_order_nor_padding_matters(checkpoint: Path) -> None:
    classifier = classifiers.build(str(checkpoint), TASK, 32)
    alone = np.concatenate([classifier.logits([text]) for text in TEXTS])
    assert classifier.logits(TEXTS[::-1])[::-1] == pytest.approx(alone, abs=1e-4)


def test_frozen_embeddings_stay_and_free_ones_move(checkpoint: Path, tmp_path: Path) -> None:
    before = embeddings(classifiers.build(str(checkpoint), TASK, 32))
    for freeze in (True, False):
        trained, _ = train(checkpoint, tmp_path / str(freeze), freeze)
        assert torch.equal(before, embeddings(trained)) == freeze


def test_words_are_known_and_counted_as_the_model_sees_them(checkpoint: Path) -> None:
    classifier = classifiers.build(str(checkpoint), TASK, 32)
    pluralize = count_tokens(str(checkpoint), TEXTS)
    assert pluralize.pieces.tolist() == [len(ids) for ids in classifier.tokenizer(TEXTS)["input_ids"]]
    assert pluralize.unknown.tolist() == [0, 0, 0]
    assert load_tokenizer(str(checkpoint)).encode(WORDS[0]).ids == classifier.tokenizer(WORDS[0])["input_ids"]


def test_a_text_of_the_longest_length_fits(checkpoint: Path) -> None:
    classifier = classifiers.build(str(checkpoint), TASK, 4096)
    assert classifier.max_length == longest_input(classifier.model)
    assert classifier.max_length == (38 if "roberta" in checkpoint.name else 40)
    assert np.isfinite(classifier.logits(["one two " * 100])).all()


def test_nothing_is_dropped_in_attention(checkpoint: Path) -> None:
    config = classifiers.build(str(checkpoint), TASK, 32).model.config
    assert getattr(config, "attention_probs_dropout_prob", getattr(config, "attention_dropout", None)) == 0.0


@pytest.mark.parametrize("kind", ["regression", "multilabel"])
def test_other_tasks(checkpoint: Path, tmp_path: Path, kind: str) -> None:
    task = Task("regression", ()) if kind == "regression" else Task("multilabel", ("p", "q", "r"))
    classifier = classifiers.build(str(checkpoint), task, 32)
    classifiers.save_whole(classifier, tmp_path)
    assert classifier.logits(TEXTS).shape == (3, task.outputs)
    assert classifiers.load(tmp_path).logits(TEXTS) == pytest.approx(classifier.logits(TEXTS), abs=1e-4)


def test_frozen_features_are_had_or_refused(checkpoint: Path) -> None:
    classifier = classifiers.build(str(checkpoint), TASK, 32)
    if checkpoint.name.startswith("bert"):
        assert classifier.features(TEXTS).shape == (3, 32)
        return
    with pytest.raises(ModelError, match="Frozen features need an encoder of the BERT architecture"):
        classifier.features(TEXTS)


def test_a_trained_model_is_an_encoder_for_other_labels(checkpoint: Path, tmp_path: Path) -> None:
    for labels in (("a", "b", "c"), ("x", "y")):
        classifiers.save_whole(classifiers.build(str(checkpoint), Task("multiclass", labels), 32), tmp_path / labels[0])
    three = classifiers.build(str(tmp_path / "a"), TASK, 32)
    two = classifiers.build(str(tmp_path / "x"), TASK, 32)
    assert three.logits(TEXTS).shape == two.logits(TEXTS).shape == (3, 2)
    assert three.model.config.num_hidden_layers == (3 if checkpoint.name.startswith("bert") else 2)
    theirs = AutoModelForSequenceClassification.from_pretrained(tmp_path / "x")
    assert not torch.equal(classifiers.output_layer(theirs).weight, classifiers.output_layer(two.model).weight)


def test_half_precision_is_widened(tmp_path: Path) -> None:
    folder = save("deberta-v2", tmp_path / "deberta")
    AutoModelForSequenceClassification.from_pretrained(folder).half().save_pretrained(folder)
    model = classifiers.build(str(folder), TASK, 32).model
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}


def test_an_old_checkpoint_says_neither_its_architecture_nor_its_case(tmp_path: Path) -> None:
    folder = save("bert", tmp_path / "old-bert-cased")
    config = (folder / "config.json").read_text().replace('"model_type": "bert",', "")
    (folder / "config.json").write_text(config)
    pieces = sorted(load_tokenizer(str(folder)).get_vocab().items(), key=lambda entry: entry[1])
    words = [piece.title() if piece == "apple" else piece for piece, _ in pieces]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()
    load_tokenizer.cache_clear()
    ids = classifiers.build(str(folder), TASK, 32).tokenizer("Apple the")["input_ids"]
    assert ids == [2, words.index("Apple"), words.index("the"), 3]
    assert load_tokenizer(str(folder)).encode("Apple the").ids == ids


@pytest.mark.parametrize("kind", ["gpt2", "t5"])
def test_what_writes_texts_is_no_encoder(tmp_path: Path, kind: str) -> None:
    folder = save("bert", tmp_path / kind)
    (folder / "config.json").write_text(f'{{"model_type": "{kind}"}}')
    with pytest.raises(ModelError, match=f"Expected an encoder such as BERT, RoBERTa or DeBERTa, found '{kind}'"):
        classifiers.build(str(folder), TASK, 32)


@pytest.mark.parametrize(
    ("file", "contents", "message"),
    [
        ("model.safetensors", b"", "broken"),
        ("model.safetensors", b"\x08\0\0\0\0\0\0\0{}      and more", "broken"),
        ("config.json", b"{", "config.json cannot be read"),
        ("config.json", b"[]", "holds no JSON object"),
        ("config.json", b'{"model_type": "bert", "hidden_size": "wide"}', "broken"),
        ("config.json", b'{"model_type": "bert", "hidden_size": 48, "num_attention_heads": 2}', "weights are missing"),
        ("config.json", b'{"model_type": "warp-drive"}', "does not know"),
        ("tokenizer.json", b"{}", "tokenizer cannot be read"),
    ],
)
def test_broken_files_get_a_sentence(tmp_path: Path, file: str, contents: bytes, message: str) -> None:
    folder = save("bert", tmp_path / "encoder")
    (folder / file).write_bytes(contents)
    with pytest.raises(ModelError, match=message) as caught:
        classifiers.build(str(folder), TASK, 32)
    assert caught.value.hint


def test_weights_of_another_model_are_not_replaced_by_random_ones(tmp_path: Path) -> None:
    folder = save("bert", tmp_path / "encoder")
    shutil.copy(save("roberta", tmp_path / "other") / "model.safetensors", folder)
    with pytest.raises(ModelError, match="weights are missing"):
        classifiers.build(str(folder), TASK, 32)


def test_a_sentencepiece_model_alone_is_a_tokenizer(tmp_path: Path) -> None:
    """DeBERTa-v3 is published with spm.model and no tokenizer.json."""
    sentencepiece = pytest.importorskip("sentencepiece")
    folder = save("deberta-v2", tmp_path / "deberta")
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS * 5 + list(WORDS)),
        model_writer=written,
        vocab_size=40,
        **{f"{name}_id": i for i, name in enumerate(["pad", "bos", "eos", "unk"])},
        **{"pad_piece": "[PAD]", "bos_piece": "[CLS]", "eos_piece": "[SEP]", "unk_piece": "[UNK]"},
        minloglevel=2,
    )
    (folder / "spm.model").write_bytes(written.getvalue())
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false, "vocab_type": "spm"}')
    theirs = sentencepiece.SentencePieceProcessor(model_proto=written.getvalue())
    classifier = classifiers.build(str(folder), TASK, 32)
    load_tokenizer.cache_clear()
    for text in TEXTS:
        assert classifier.tokenizer(text)["input_ids"] == [1, *theirs.encode(text), 2]
        assert load_tokenizer(str(folder)).encode(text).ids == [1, *theirs.encode(text), 2]
    classifiers.save_whole(classifier, tmp_path / "model")
    assert classifiers.load(tmp_path / "model").logits(TEXTS) == pytest.approx(classifier.logits(TEXTS), abs=1e-5)


def test_without_sentencepiece_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save("deberta-v2", tmp_path / "deberta")
    (folder / "tokenizer.json").rename(folder / "spm.model")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match="needs the package sentencepiece"):
        classifiers.build(str(folder), TASK, 32)
