"""A config in the trainer's words."""

from pathlib import Path

import pytest

from core import host
from core.errors import ConfigError
from core.task import Task
from core.training.arguments import arguments
from core.training.config import TrainingConfig

TASK = Task("binary", ("no", "yes"))


def test_checkpoints_are_where_validations_are(tmp_path: Path) -> None:
    config = TrainingConfig(epochs=2, batch_size=10)
    found = arguments(config, TASK, 1_000, tmp_path)
    assert found.eval_steps == found.save_steps
    assert config.validation_count(1_000) == -(-config.total_steps(1_000) // found.eval_steps)


def test_a_batch_that_cannot_be_shared_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "processes", lambda: 3)
    with pytest.raises(ConfigError, match="cannot be shared by 3 processes"):
        arguments(TrainingConfig(batch_size=16), TASK, 100, tmp_path)
