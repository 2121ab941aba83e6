"""Fine-tuning with the ``Trainer`` of transformers, which keeps its defaults except where ours are known to be better."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import datasets
import numpy as np
import torch
from datasets import Dataset
from torch.utils.data import Dataset as TorchDataset
from torch.utils.hooks import RemovableHandle
from transformers import DataCollatorWithPadding, EarlyStoppingCallback, PrinterCallback, Trainer
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import set_seed
from transformers.utils import logging as transformers_logging

from core import host
from core.data.splitting import Splits
from core.evaluation.decisions.selection import SELECTION_LOSS
from core.jobs.events import OnEvent, Phase, ignore_event
from core.models.classifier import Classifier, build_classifier, output_layer
from core.models.feature_cache import FeatureCache
from core.models.features import FrozenEncoder, load_frozen_encoder
from core.models.pooling import has_mean_pooling
from core.task import Floats
from core.training import layers, weight_interpolation
from core.training.arguments import training_arguments, uses_bfloat16
from core.training.callback import ProgressCallback, StopRequested
from core.training.config import PAD_TO_MULTIPLE_OF, TrainingConfig
from core.training.examples import LengthGroupedSampler, TargetScaler, build_dataset, sort_by_length
from core.training.linear_probe import fit_probe
from core.training.losses import build_loss
from core.training.presets import is_few_shot
from core.training.validation import Validator
from core.workspace import read_json


@dataclass(frozen=True)
class FineTuning:
    """A fine-tuning: its rows and settings, the folder of its checkpoints, and the callbacks of its caller.

    Attributes:
        checkpoints: training resumes from the last checkpoint in this folder, if there is one.
        stop_requested: when it returns true, training ends after the current step with the best checkpoint so far.
        on_probe: receives the logits of the linear probe for the validation rows, then the test rows, if training starts from
            its head.
        on_selected: receives by how much the validation score of the chosen version flatters, None if that is unknown.
        interpolate: whether training that starts from a fitted head ends between start and best checkpoint (see
            :mod:`core.training.weight_interpolation`).
        cache: where the features of the texts are kept for other trainings, if anywhere.
    """

    splits: Splits
    config: TrainingConfig
    checkpoints: Path
    on_event: OnEvent = ignore_event
    stop_requested: StopRequested = lambda: False
    on_probe: Callable[[Floats], None] | None = None
    on_selected: Callable[[float | None], None] | None = None
    interpolate: bool = True
    cache: FeatureCache | None = None


def fine_tune(job: FineTuning) -> Classifier:
    """The fine-tuned classifier: the best checkpoint by validation, or weights between the start and that checkpoint."""
    datasets.disable_progress_bars()
    transformers_logging.disable_progress_bar()
    set_seed(job.config.seed)
    job.on_event(Phase("loading"))
    config = job.config
    classifier = build_classifier(config.encoder, job.splits.task, config.max_length, config.truncation)
    scaler = TargetScaler.fit(job.splits)
    checkpoint = last_checkpoint(job.checkpoints)
    fitted_head = job.config.init_fitted_head and has_mean_pooling(classifier.model)
    interpolate = fitted_head and job.interpolate
    starts_here = fitted_head and not (checkpoint and weight_interpolation.has_initial_weights(job.checkpoints))
    if starts_here:
        classifier = _with_fitted_head(job, classifier, scaler)
    examples = build_dataset(job.splits.train, classifier, scaler)
    masking = _prepare(classifier, job.config, float(np.mean(examples["length"])))
    if starts_here and interpolate and host.is_main_process():
        weight_interpolation.save_initial_weights(classifier.model, job.checkpoints)
    job.on_event(Phase("training"))
    callback = ProgressCallback(job.config, job.on_event, job.stop_requested)
    validator = Validator(job.splits, scaler, callback)
    trainer = _build_trainer(job, classifier, examples, validator)
    trainer.train(resume_from_checkpoint=checkpoint)
    if interpolate:
        _interpolate(trainer, validator, job.checkpoints)
    if job.on_selected is not None:
        job.on_selected(validator.optimism())
    masking.remove()
    _restore(classifier, trainer, job.config)
    scaler.unstandardize_layer(output_layer(classifier.model))
    callback.report_problems()
    return classifier


def _with_fitted_head(job: FineTuning, classifier: Classifier, scaler: TargetScaler) -> Classifier:
    """The classifier with a head fitted on frozen features, on the scale of the loss."""
    job.on_event(Phase("features"))
    with torch.autocast(host.device(), dtype=torch.bfloat16, enabled=uses_bfloat16(job.config)):
        include_test = job.on_probe is not None
        encoder = _frozen(classifier, job.config)
        fitted = fit_probe(encoder, job.splits, job.config.seed, job.on_event, include_test, job.cache)
    if job.on_probe is not None:
        job.on_probe(fitted.logits)
    classifier = classifier.with_head(fitted.head)
    host.release_memory()
    layer = output_layer(classifier.model)
    scaler.standardize_layer(layer)
    task = job.splits.task
    if task.kind != "regression" and not is_few_shot(len(job.splits.train), task.outputs):
        layers.scale_down(layer)
    return classifier


def _frozen(classifier: Classifier, config: TrainingConfig) -> FrozenEncoder:
    """What computes the features fastest: the classifier itself in bfloat16 or on a GPU, else its exported encoder."""
    if uses_bfloat16(config) or host.device() != "cpu":
        cast(torch.nn.Module, classifier.model).to(host.device())
        return classifier
    return load_frozen_encoder(config.encoder, config.max_length, config.truncation)


def _prepare(classifier: Classifier, config: TrainingConfig, mean_length: float) -> RemovableHandle:
    """Set up the model for training; :func:`_restore` and the returned handle of token masking undo it."""
    model = classifier.model
    layers.choose_attention(model, mean_length, uses_bfloat16(config))
    layers.set_dropout(model, config.dropout)
    layers.freeze(model, config)
    if config.gradient_checkpointing:
        model.activation_checkpointing_enable()
    return layers.mask_tokens(model, classifier.tokenizer, config.token_mask_rate)


def _restore(classifier: Classifier, trainer: Trainer, config: TrainingConfig) -> None:
    """Set up the model for prediction."""
    # Accelerate wraps the forward pass in bfloat16; the model must be evaluated as it will be saved.
    trainer.accelerator.unwrap_model(classifier.model, keep_fp32_wrapper=False)
    if config.gradient_checkpointing:
        classifier.model.activation_checkpointing_disable()
    layers.set_attention(classifier.model, "sdpa")
    classifier.model.eval()


def _build_trainer(job: FineTuning, classifier: Classifier, examples: Dataset, validator: Validator) -> Trainer:
    config = job.config
    trainer = _Trainer(
        model=classifier.model.train(),
        args=training_arguments(config, len(job.splits.train), job.checkpoints),
        train_dataset=examples,
        eval_dataset=sort_by_length(build_dataset(job.splits.validation, classifier, validator.scaler)),
        processing_class=classifier.tokenizer,
        data_collator=DataCollatorWithPadding(classifier.tokenizer, pad_to_multiple_of=PAD_TO_MULTIPLE_OF),
        compute_loss_func=build_loss(job.splits, config),
        compute_metrics=validator.metrics,
        optimizers=(_optimizer(classifier, config), None),
        callbacks=[validator.callback, *([EarlyStoppingCallback(config.patience)] if config.patience else [])],
    )
    trainer.remove_callback(PrinterCallback)  # the events have all that it would print
    return trainer


def _interpolate(trainer: Trainer, validator: Validator, checkpoints: Path) -> None:
    """Move the model to the best share of the way between its initial weights and the best checkpoint."""
    trainer.compute_metrics = None  # the metrics of the best checkpoint stay those that are reported

    def loss() -> float:
        eval_dataset = cast("TorchDataset[Any]", trainer.eval_dataset)
        return validator.selection_loss(trainer.predict(eval_dataset, metric_key_prefix="interpolated"))

    # The loss of the best checkpoint is in the log, unless no checkpoint is the best one or version 0.1 wrote it.
    key = f"eval_{SELECTION_LOSS}"
    logged: dict[float | None, float] = {
        entry["step"]: entry[key] for entry in trainer.state.log_history if key in entry
    }
    final_loss = logged.get(trainer.state.best_global_step)
    weight_interpolation.choose_interpolation(
        cast(torch.nn.Module, trainer.model), checkpoints, loss, loss() if final_loss is None else final_loss
    )


def last_checkpoint(folder: Path) -> str | None:
    """The last complete checkpoint in a folder: its trainer state, which is written last, can be read."""
    paths = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)
    return next((str(path) for path in paths if _is_complete(path)), None)


def _is_complete(checkpoint: Path) -> bool:
    try:
        return bool(read_json(checkpoint / TRAINER_STATE_NAME))
    except (OSError, json.JSONDecodeError):
        return False


class _Trainer(Trainer):
    """The ``Trainer`` with a length-grouped sampler that works on whole steps.

    The same rows are in a step whether it is one batch, several accumulated batches, or divided among processes.
    """

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGroupedSampler:
        effective_batch_size = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size
        dataset: Any = self.train_dataset
        return LengthGroupedSampler(dataset["length"], effective_batch_size)


def _optimizer(classifier: Classifier, config: TrainingConfig) -> torch.optim.Optimizer | None:
    """AdamW with layer-wise learning rates; None, for the default of the ``Trainer``, if all layers have the same rate."""
    if config.layer_decay == 1.0:
        return None
    return torch.optim.AdamW(layers.parameter_groups(classifier.model, config), lr=config.learning_rate)
