"""Runs are created from datasets and settings; the demo recognizes its sample by its rows."""

from dataclasses import replace

import pytest

from core.data.columns import ColumnChoice
from core.data.dataset import Dataset, save_dataset
from core.data.reading.files import read_pasted
from core.data.samples import CLINIC
from core.data.splitting import SplitConfig
from core.errors import ConfigError
from core.experiments.launch import create_training_run, retrain, sample_dataset, train_rows
from core.training.config import TrainingConfig
from core.workspace import Workspace

ROWS = "\n".join(["text,label", *(f"{word} number {i},{word}" for i in range(20) for word in ("red", "blue"))])


def save_rows(workspace: Workspace, name: str, split_config: SplitConfig | None = None) -> Dataset:
    choice = ColumnChoice("text", "label", "binary")
    return save_dataset(workspace, read_pasted(ROWS), choice, split_config or SplitConfig(), name)


def test_a_dataset_with_the_name_of_the_sample_is_not_the_sample(workspace: Workspace) -> None:
    impostor = save_rows(workspace, CLINIC.title)
    sample = sample_dataset(workspace, CLINIC)
    assert sample.id != impostor.id
    assert sample.columns == CLINIC.columns
    assert sample_dataset(workspace, CLINIC).id == sample.id


def test_the_sample_is_recognized_under_another_name(workspace: Workspace) -> None:
    renamed = sample_dataset(workspace, CLINIC).rename("Renamed")
    assert sample_dataset(workspace, CLINIC).id == renamed.id


def test_the_sample_with_another_split_is_another_dataset(workspace: Workspace) -> None:
    without_validation = SplitConfig(validation_share=0.0)
    other = save_dataset(workspace, CLINIC.read(), CLINIC.columns, without_validation, CLINIC.title)
    assert sample_dataset(workspace, CLINIC).id != other.id


def test_retraining_changes_settings_and_keeps_the_rows(workspace: Workspace) -> None:
    run = create_training_run(workspace, save_rows(workspace, "Colors"), TrainingConfig(seed=3))
    changed = retrain(workspace, run, {"learning_rate": 1e-5})
    assert changed.config == replace(run.config, learning_rate=1e-5)
    assert changed.split_fingerprint == run.split_fingerprint
    with pytest.raises(ConfigError, match="found shoe_size"):
        retrain(workspace, run, {"shoe_size": 44})


def test_the_approximate_number_of_training_rows(workspace: Workspace) -> None:
    assert train_rows(save_rows(workspace, "Colors")) == 28
