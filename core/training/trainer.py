"""Fine-tuning: one call of the Hugging Face ``Trainer``, with what we know better set and what it does well left alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import datasets
import numpy as np
import torch
from datasets import Dataset
from torch.utils.data import Dataset as TorchDataset
from transformers import (
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    PrinterCallback,
    Trainer,
)
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import set_seed
from transformers.utils import logging as transformers_logging

from core import host
from core.data.splitting import Splits
from core.jobs.events import OnEvent, Phase
from core.models import classifier as classifiers
from core.models.classifier import Classifier, output_layer
from core.models.pooling import has_mean_pooling
from core.task import Floats
from core.training import layers, weight_interpolation
from core.training.arguments import arguments, in_bfloat16
from core.training.callback import ProgressCallback, StopRequested
from core.training.config import PAD_TO_MULTIPLE_OF, TrainingConfig, is_few_shot
from core.training.examples import LengthGroupedSampler, TargetScaler, encode, shortest_first
from core.training.linear_probe import fit_probe
from core.training.losses import loss_of
from core.training.validation import DOUBT, Validator
from core.workspace import read_json


def fine_tune(
    splits: Splits,
    config: TrainingConfig,
    checkpoints: Path,
    on_event: OnEvent,
    stop_requested: StopRequested,
    on_probe: Callable[[Floats], None] | None = None,
    mix: bool = True,
) -> Classifier:
    """Fine-tune a whole encoder and return the best of its checkpoints by validation.

    Continues from the last checkpoint in the folder, if one is there. When ``stop_requested`` turns true, training ends
    after the present step; the best checkpoint so far is what is returned. ``on_probe`` is given what a head on the frozen
    encoder answers for the validation rows, then the test rows, where training starts from that head. ``mix`` ends between
    start and best checkpoint (see ``core.training.weight_interpolation``), where there is such a start.
    """
    datasets.disable_progress_bars()
    transformers_logging.disable_progress_bar()
    set_seed(config.seed)
    on_event(Phase("loading"))
    classifier = classifiers.build(config.encoder, splits.task, config.max_length)
    scale = TargetScaler.of(splits)
    resumed = last_checkpoint(checkpoints)
    warm = config.init_fitted_head and has_mean_pooling(classifier.model)
    fresh = warm and not (resumed and weight_interpolation.has_initial_weights(checkpoints))
    if fresh:
        classifier = _with_fitted_head(classifier, splits, config, scale, on_event, on_probe)
    examples = encode(splits.train, classifier, scale)
    layers.choose_attention(classifier.model, float(np.mean(examples["length"])), in_bfloat16(config))
    layers.set_dropout(classifier.model, config.dropout)
    layers.freeze(classifier.model, config)
    hiding = layers.mask_tokens(classifier.model, classifier.tokenizer, config.token_mask_rate)
    if fresh and mix and host.is_main_process():
        weight_interpolation.save_initial_weights(classifier.model, checkpoints)
    if config.gradient_checkpointing:
        classifier.model.activation_checkpointing_enable()
    on_event(Phase("training"))
    watch = ProgressCallback(config, on_event, stop_requested)
    validator = Validator(splits, scale, watch)
    trainer = _trainer(classifier, splits, config, checkpoints, examples, validator)
    trainer.train(resume_from_checkpoint=resumed)
    if warm and mix:
        _mix(trainer, validator, checkpoints)
    # Accelerate wraps the forward pass in bfloat16; what is measured must be what is saved.
    trainer.accelerator.unwrap_model(classifier.model, keep_fp32_wrapper=False)
    if config.gradient_checkpointing:
        classifier.model.activation_checkpointing_disable()
    layers.set_attention(classifier.model, "sdpa")
    scale.unstandardize_layer(output_layer(classifier.model))
    classifier.model.eval()
    hiding.remove()
    watch.report_problems()
    return classifier


def _with_fitted_head(
    classifier: Classifier,
    splits: Splits,
    config: TrainingConfig,
    scale: TargetScaler,
    on_event: OnEvent,
    on_probe: Callable[[Floats], None] | None,
) -> Classifier:
    on_event(Phase("features"))
    with torch.autocast(host.device(), dtype=torch.bfloat16, enabled=in_bfloat16(config)):
        cast(torch.nn.Module, classifier.model).to(host.device())
        start = fit_probe(classifier, splits, config.seed, on_event, answer=on_probe is not None)
    if on_probe is not None:
        on_probe(start.logits)
    classifier = classifier.with_head(start.head)
    host.release_memory()
    layer = output_layer(classifier.model)
    scale.standardize_layer(layer)
    if splits.task.kind != "regression" and not is_few_shot(len(splits.train), splits.task.outputs):
        layers.scale_down(layer)
    return classifier


def _trainer(
    classifier: Classifier,
    splits: Splits,
    config: TrainingConfig,
    checkpoints: Path,
    examples: Dataset,
    validator: Validator,
) -> Trainer:
    trainer = _Trainer(
        model=classifier.model.train(),
        args=arguments(config, splits.task, len(splits.train), checkpoints),
        train_dataset=examples,
        eval_dataset=shortest_first(encode(splits.validation, classifier, validator.scale)),
        processing_class=classifier.tokenizer,
        data_collator=DataCollatorWithPadding(classifier.tokenizer, pad_to_multiple_of=PAD_TO_MULTIPLE_OF),
        compute_loss_func=loss_of(splits, config),
        compute_metrics=validator.metrics,
        optimizers=(_optimizer(classifier, config), None),
        callbacks=[validator.watch, *([EarlyStoppingCallback(config.patience)] if config.patience else [])],
    )
    trainer.remove_callback(PrinterCallback)  # events say all that it would print
    return trainer


def _mix(trainer: Trainer, validator: Validator, checkpoints: Path) -> None:
    """End between start and best checkpoint (see ``core.training.weight_interpolation``)."""
    trainer.compute_metrics = None  # what it says of the best checkpoint stands

    def doubt() -> float:
        answers = trainer.predict(cast("TorchDataset[Any]", trainer.eval_dataset), metric_key_prefix="mixed")
        return validator.doubt(answers)

    # Validation has measured the best checkpoint already, unless none could be called the best or an earlier version made it.
    known: dict[float | None, float] = {
        entry["step"]: entry[f"eval_{DOUBT}"] for entry in trainer.state.log_history if f"eval_{DOUBT}" in entry
    }
    whole_way = known.get(trainer.state.best_global_step)
    weight_interpolation.choose_interpolation(
        cast(torch.nn.Module, trainer.model), checkpoints, doubt, doubt() if whole_way is None else whole_way
    )


def last_checkpoint(folder: Path) -> str | None:
    """The last checkpoint that was written to its end: one whose trainer's state, which comes last, can be read."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]), reverse=True)
    return next((str(path) for path in found if _is_whole(path)), None)


def _is_whole(checkpoint: Path) -> bool:
    try:
        return bool(read_json(checkpoint / TRAINER_STATE_NAME))
    except (OSError, json.JSONDecodeError):
        return False


class _Trainer(Trainer):
    """The library's, with groups of like length made for a whole step: the same rows meet whether a step is one batch, several
    accumulated ones, or shared among processes."""

    def _get_train_sampler(self, train_dataset: Any = None) -> LengthGroupedSampler:
        effective_batch_size = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size
        dataset: Any = self.train_dataset
        return LengthGroupedSampler(dataset["length"], effective_batch_size)


def _optimizer(classifier: Classifier, config: TrainingConfig) -> torch.optim.Optimizer | None:
    """AdamW with a rate for each layer; None, for the library's own, where all layers have the same."""
    if config.layer_decay == 1.0:
        return None
    return torch.optim.AdamW(layers.parameter_groups(classifier.model, config), lr=config.learning_rate)
