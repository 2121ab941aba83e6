"""The arguments of the Trainer for a config."""

from pathlib import Path

import pytest

from core import host
from core.errors import ConfigError
from core.task import Task
from core.training.arguments import training_arguments
from core.training.config import TrainingConfig

TASK = Task("binary", ("no", "yes"))


def test_every_validation_saves_a_checkpoint(tmp_path: Path) -> None:
    config = TrainingConfig(epochs=2, batch_size=10)
    arguments = training_arguments(config, 1_000, tmp_path)
    assert arguments.eval_steps == arguments.save_steps
    assert config.validation_count(1_000) == -(-config.total_steps(1_000) // arguments.eval_steps)


def test_a_batch_size_that_the_processes_do_not_divide_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "processes", lambda: 3)
    with pytest.raises(ConfigError, match="divisible by the 3 processes, found 16") as caught:
        training_arguments(TrainingConfig(batch_size=16), 100, tmp_path)
    assert caught.value.hint == "Choose a multiple of 3."
