"""From a data set and a config to a run that trains: make its folder, start its process, follow its events."""

import time
from collections.abc import Iterator
from typing import Any

from core.data.dataset import Dataset, list_datasets, load_labelled, save_dataset
from core.data.samples import Sample
from core.data.splitting import SplitConfig, Splits, split
from core.errors import ConfigError, RunError
from core.jobs import events, process
from core.jobs.events import Event
from core.models.encoders import BUILT_IN
from core.runs import Run, create_run
from core.training.config import Preset, TrainingConfig, preset
from core.workspace import Workspace

_SECONDS_BETWEEN_LOOKS = 0.2
QUICK_EPOCHS = 2


def create_training_run(
    workspace: Workspace, dataset: Dataset, config: TrainingConfig, name: str = "", splits: Splits | None = None
) -> Run:
    """Make the run's folder; ``splits`` saves splitting again where the caller has them.

    Raises:
        ConfigError: the data set has no validation rows to choose the best checkpoint by.
    """
    splits = splits or split(load_labelled(dataset), dataset.split_config)
    if splits.validation.empty:
        raise ConfigError(
            "There are no validation rows to choose the best model by.", "Give validation a share, such as 0.1."
        )
    source = {"id": dataset.id, "name": dataset.name, "fingerprint": dataset.fingerprint}
    title = name or f"{dataset.name}, {'instant' if config.method == 'instant' else 'fine-tuned'}"
    return create_run(workspace, splits, config.to_json(), title, source, dataset.split_config)


def retrain(workspace: Workspace, run: Run, changes: dict[str, Any]) -> Run:
    """A new run on the same rows with some settings changed, ready to start.

    Raises:
        ConfigError: a setting is out of range.
    """
    config = TrainingConfig.from_json({**run.record.config, **changes})
    split_config = SplitConfig(**run.record.split_config)
    return create_run(workspace, run.splits(), config.to_json(), f"{run.name}, again", run.record.dataset, split_config)


def sample_dataset(workspace: Workspace, sample: Sample) -> Dataset:
    """The sample as a data set of this workspace, made on first use."""
    for dataset in list_datasets(workspace):
        if dataset.name == sample.title:
            return dataset
    return save_dataset(workspace, sample.read(), sample.columns, SplitConfig(), sample.title)


def start_demo_run(workspace: Workspace, sample: Sample) -> Run:
    """Start a short fine-tuning on a sample: what "Try it now" does."""
    config = TrainingConfig(encoder=BUILT_IN, epochs=QUICK_EPOCHS)
    run = create_training_run(workspace, sample_dataset(workspace, sample), config, f"{sample.title}, quick look")
    process.start(run.folder)
    return run


def preset_for_dataset(dataset: Dataset, name: Preset = "Balanced", encoder: str = BUILT_IN) -> TrainingConfig:
    """The settings of a preset for a data set."""
    return preset(name, train_rows(dataset), dataset.labels, encoder, dataset.task_kind)


def train_rows(dataset: Dataset) -> int:
    """About how many rows will be trained on."""
    share = 1.0 - dataset.split_config.validation_share - dataset.split_config.test_share
    return max(1, round(dataset.rows * share))


def follow_events(run: Run) -> Iterator[Event]:
    """The run's events as they come, until it has ended.

    Raises:
        RunError: it failed or died.
    """
    seen = 0
    while True:
        status = process.read_status(run.folder)
        yield from (so_far := events.read(run.folder))[seen:]
        seen = len(so_far)
        if not status.active:
            break
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    if status.state in ("failed", "died"):
        raise RunError(status.message, status.hint)
