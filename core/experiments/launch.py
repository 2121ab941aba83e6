"""Creates runs from datasets and settings, starts them, and follows their events."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from core.data.columns import apply_columns
from core.data.dataset import Dataset, list_datasets, load_labeled, save_dataset
from core.data.samples import Sample
from core.data.splitting import SplitConfig, Splits, fingerprint, split
from core.errors import ConfigError, RunError
from core.jobs import dispatcher, events, process, queue
from core.jobs.events import Event
from core.migrations import rename_settings
from core.models.encoders import BUILT_IN
from core.runs import Run, RunSource, create_run
from core.training.config import TrainingConfig
from core.training.presets import Preset, preset
from core.workspace import Workspace

_POLL_SECONDS = 0.2
QUICK_EPOCHS = 2


def create_training_run(
    workspace: Workspace, dataset: Dataset, config: TrainingConfig, name: str = "", splits: Splits | None = None
) -> Run:
    """A run that is ready to start; ``splits`` are those of the dataset, if the caller has them already."""
    splits = splits or split(load_labeled(dataset), dataset.split_config)
    title = name or f"{dataset.name}, {'instant' if config.method == 'instant' else 'fine-tuned'}"
    return create_run(workspace, splits, config, title, RunSource(dataset.ref, dataset.split_config))


def retrain(workspace: Workspace, run: Run, changes: dict[str, Any]) -> Run:
    """A run that is ready to start, on the rows of another run, with some settings changed.

    Raises:
        ConfigError: a setting is unknown or out of range.
    """
    try:
        config = replace(run.config, **rename_settings(changes))
    except TypeError as error:
        raise ConfigError(
            f"Expected names of settings, found {', '.join(changes)}.", "Change settings by hand."
        ) from error
    source = RunSource(run.dataset, run.split_config)
    return create_run(workspace, run.splits(), config, f"{run.name}, again", source)


def sample_dataset(workspace: Workspace, sample: Sample) -> Dataset:
    """The dataset of a sample in this workspace, created on first use.

    A dataset is the sample if it has the same labeled texts and the default split, whatever its name.
    """
    table = sample.read()
    sample_fingerprint = fingerprint(apply_columns(table, sample.columns).frame)
    for dataset in list_datasets(workspace):
        if dataset.fingerprint == sample_fingerprint and dataset.split_config == SplitConfig():
            return dataset
    return save_dataset(workspace, table, sample.columns, SplitConfig(), sample.title)


def start_demo_run(workspace: Workspace, sample: Sample) -> Run:
    """A short fine-tuning on a sample, started: what the button "Try it now" does.

    Raises:
        LimitError: the visitor has as many jobs as this host allows, or the queue is full.
    """
    queue.check_room(workspace.runs)
    config = TrainingConfig(encoder=BUILT_IN, epochs=QUICK_EPOCHS)
    run = create_training_run(workspace, sample_dataset(workspace, sample), config, f"{sample.title}, quick look")
    dispatcher.submit(run.folder)
    return run


def preset_for_dataset(dataset: Dataset, name: Preset = "Balanced", encoder: str = BUILT_IN) -> TrainingConfig:
    """The settings of a preset for a dataset."""
    return preset(name, train_rows(dataset), dataset.labels, encoder, dataset.task_kind)


def train_rows(dataset: Dataset) -> int:
    """The approximate number of training rows."""
    share = 1.0 - dataset.split_config.validation_share - dataset.split_config.test_share
    return max(1, round(dataset.rows * share))


def follow_events(run: Run) -> Iterator[Event]:
    """The events of a run as they come, until it has ended.

    Raises:
        RunError: the run failed or died.
    """
    seen = 0
    while True:
        status = process.read_status(run.folder)
        happened = events.read(run.folder)
        yield from happened[seen:]
        seen = len(happened)
        if not status.active:
            break
        time.sleep(_POLL_SECONDS)
    if status.state in ("failed", "died"):
        raise RunError(status.message, status.hint)
