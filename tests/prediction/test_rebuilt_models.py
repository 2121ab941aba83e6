"""A model of every architecture computes the same after its configuration and its tokenizer's files were rebuilt."""

import json
from pathlib import Path

import pytest

from core.models.classifier import build_classifier, load_classifier, save_pretrained
from core.prediction.bundle.model_config import rebuild_config
from core.prediction.bundle.tensors import check_tensors
from core.prediction.bundle.tokenizer_files import rebuild_tokenizer, rebuild_tokenizer_config
from core.prediction.bundle.trial import try_model
from core.task import Task
from tests.models.checkpoints import ARCHITECTURES, save_checkpoint

_TASK = Task("multiclass", ("a", "b", "c"))
_TEXTS = ["red apple", "the cold sea is very blue"]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_rebuilt_files_give_the_same_model(architecture: str, tmp_path: Path) -> None:
    folder = tmp_path / "run" / "model"
    encoder = save_checkpoint(architecture, tmp_path / "encoder")
    save_pretrained(build_classifier(str(encoder), _TASK, 16), folder)
    expected = load_classifier(folder).logits(_TEXTS)
    records = {path.name: json.loads(path.read_text()) for path in folder.glob("*.json")}
    config = rebuild_config(records["config.json"], _TASK)
    rebuilt = {
        "config.json": config,
        "tokenizer.json": rebuild_tokenizer(records["tokenizer.json"], config["vocab_size"]),
        "tokenizer_config.json": rebuild_tokenizer_config(records["tokenizer_config.json"], 16),
    }
    for name, record in rebuilt.items():
        (folder / name).write_text(json.dumps(record))
    assert check_tensors(folder / "model.safetensors", "the weights")
    assert try_model(folder) == ""
    assert load_classifier(folder).logits(_TEXTS) == pytest.approx(expected, abs=1e-6)
