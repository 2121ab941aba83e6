"""The cascade: which texts the model computes again, and what it costs."""

from pathlib import Path

import numpy as np
import pytest

from core.data.columns import ColumnChoice
from core.data.dataset import save_dataset
from core.data.reading.files import read_bytes
from core.data.splitting import SplitConfig
from core.decision_rule import DecisionRule
from core.errors import ConfigError
from core.experiments.launch import create_training_run
from core.experiments.worker import run_worker
from core.models.engines.load import CheckedEngine
from core.prediction.batch_rows import load_predictor
from core.prediction.cascade import CASCADE, build_cascade, choose_cascade, load_cascade, stored_cascade
from core.runs import Run
from core.task import Task
from core.training.config import TrainingConfig
from core.workspace import Workspace
from tests.finished import finished

TASK = Task("binary", ("no", "yes"))


@pytest.fixture
def instant_run(workspace: Workspace, tiny_encoder: str) -> Run:
    """A finished instant run on rows of fruit and weather."""
    words = {"red apple": "fruit", "sweet plum": "fruit", "cold rain": "weather", "blue sky": "weather"}
    rows = [f"{first} {text},{label}" for first in ("the", "a", "one", "two", "my") for text, label in words.items()]
    table = read_bytes(("text,label\n" + "\n".join(rows)).encode(), "toy.csv")
    dataset = save_dataset(workspace, table, ColumnChoice("text", "label", "binary"), SplitConfig(0.3, 0.2), "Toy")
    run = create_training_run(workspace, dataset, TrainingConfig(method="instant", encoder=tiny_encoder, max_length=16))
    run_worker(run, workspace.home)
    return run


def logits(margin: list[float]) -> np.ndarray:
    """Logits (n, 2) whose second class leads by these margins."""
    values = np.array(margin, dtype=np.float32)
    return np.stack([np.zeros_like(values), values], axis=1)


def test_only_unclear_texts_are_computed_again() -> None:
    # The token embeddings are wrong on the four texts with the smallest margins; the model is always right.
    targets = np.array([1, 1, 1, 1] + [1, 0] * 18)
    fast = logits([-0.1, -0.2, -0.1, -0.2] + [3.0, -3.0] * 18)
    exact = logits([2.0, 2.0, 2.0, 2.0] + [2.0, -2.0] * 18)
    cascade = choose_cascade(TASK, DecisionRule(), fast, exact, targets)
    assert cascade.chosen.score == cascade.model_score == 1.0
    assert cascade.chosen.share == pytest.approx(4 / 40)
    assert cascade.points[0].share == 0.0
    assert cascade.points[0].score == pytest.approx(36 / 40)
    assert cascade.points[-1].share == 1.0


def test_where_the_embeddings_know_nothing_the_model_computes_nearly_every_text() -> None:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, 400)
    fast, exact = logits(rng.normal(size=400).tolist()), logits((4.0 * targets - 2.0).tolist())
    assert choose_cascade(TASK, DecisionRule(), fast, exact, targets).chosen.share > 0.95


def test_a_regression_has_no_cascade(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="predicts values"):
        build_cascade(finished(workspace, "regression"))


def test_a_model_without_its_run_has_no_cascade(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs the run"):
        load_cascade(tmp_path)


def test_a_run_gets_its_cascade_at_first_use(instant_run: Run) -> None:
    assert stored_cascade(instant_run) is None
    predictor = load_predictor(instant_run.model_folder, CASCADE)
    cascade = stored_cascade(instant_run)
    assert cascade is not None
    assert isinstance(predictor.engine, CheckedEngine)
    assert predictor.engine.recheck_below == cascade.chosen.recheck_below
    texts = instant_run.split("validation")["text"].tolist()
    exact, merged = instant_run.logits("validation"), predictor.engine.logits(texts)
    equal = np.isclose(merged, exact, atol=1e-4).all(axis=1)
    assert equal.mean() == pytest.approx(cascade.chosen.share, abs=0.05)
