"""Fixtures that several suites share: a home of their own, and an encoder so small that training takes seconds."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from core.workspace import Workspace, workspace_of

# How long an example takes says something about the machine, not about the code.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

WORDS = (
    "the",
    "a",
    "red",
    "blue",
    "sweet",
    "cold",
    "apple",
    "cherry",
    "plum",
    "sky",
    "sea",
    "ice",
    "is",
    "was",
    "very",
    "one",
    "two",
)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The local workspace of an empty home."""
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path))
    return Workspace(tmp_path / "workspaces" / "local", tmp_path)


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder with a random BERT of two layers that knows ``WORDS``."""
    from transformers import BertConfig, BertModel, BertTokenizer, set_seed

    folder = tmp_path_factory.mktemp("tiny-bert")
    set_seed(0)
    vocabulary = {word: i for i, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS])}
    tokenizer = BertTokenizer(vocab=vocabulary)
    assert tokenizer("red apple")["input_ids"] == [2, vocabulary["red"], vocabulary["apple"], 3]
    config = BertConfig(
        vocab_size=len(vocabulary),
        max_position_embeddings=64,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="session")
def clinic_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the clinic sample and an instant run on it, as the worker leaves it."""
    from core.data.samples import CLINIC
    from core.experiments.launch import create_training_run, sample_dataset
    from core.experiments.worker import run_worker
    from core.training.config import TrainingConfig

    home = tmp_path_factory.mktemp("home")
    workspace = workspace_of("local", home)
    run = create_training_run(workspace, sample_dataset(workspace, CLINIC), TrainingConfig(method="instant"))
    run_worker(run, home)
    return home
