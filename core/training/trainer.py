"""Fine-tuning: one call of the Hugging Face ``Trainer``, with what we know better set and what it does well left alone."""

import json
import math
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import datasets
import numpy as np
import pandas as pd
import torch
from datasets import Dataset
from torch.utils.data import Dataset as TorchDataset
from transformers import (
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    EvalPrediction,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_pt_utils import LengthGroupedSampler
from transformers.trainer_utils import set_seed
from transformers.utils import logging as transformers_logging

from core import host
from core.data.splitting import Splits
from core.errors import ConfigError, RunError
from core.evaluation import metrics
from core.jobs.events import OnEvent, Phase, Progress, Step, Trouble, Validation
from core.models import classifier as classifiers
from core.models.classifier import Classifier, output_layer
from core.models.pooling import has_mean_pooling
from core.task import Floats, Task
from core.training import layers, mixing
from core.training.config import TrainingConfig, is_few_shot
from core.training.frozen import probe
from core.training.health import collapsed, diverging, not_a_number
from core.training.linear import ClassWeights, selection_loss, weights_of
from core.training.losses import loss_of
from core.workspace import read_json

# Fewer distinct lengths: a processor's kernels are compiled and cached for each shape.
_LENGTH_STEP = 16
_REPORTED_STEPS = 500
_SAMPLED_TEXTS = 200
SHORT_TEXT = 128

StopRequested = Callable[[], bool]


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
    start and best checkpoint (see ``core.training.mixing``), where there is such a start.
    """
    datasets.disable_progress_bars()
    transformers_logging.disable_progress_bar()
    set_seed(config.seed)
    on_event(Phase("loading"))
    classifier = classifiers.build(config.encoder, splits.task, config.max_length)
    scale = _TargetScale.of(splits)
    resumed = last_checkpoint(checkpoints)
    warm = config.warm_head and has_mean_pooling(classifier.model)
    fresh = warm and not (resumed and mixing.has_start(checkpoints))
    if fresh:
        on_event(Phase("features"))
        with torch.autocast(host.device(), dtype=torch.bfloat16, enabled=_in_bfloat16(config)):
            cast(torch.nn.Module, classifier.model).to(host.device())
            start = probe(classifier, splits, config.seed, on_event, answer=on_probe is not None)
        if on_probe is not None:
            on_probe(start.logits)
        classifier = classifier.with_head(start.head)
        scale.shrink(output_layer(classifier.model))
        if splits.task.kind != "regression" and not is_few_shot(len(splits.train), splits.task.outputs):
            layers.soften(output_layer(classifier.model))
    _choose_attention(classifier, splits, config)
    layers.set_dropout(classifier.model, config.dropout)
    layers.freeze(classifier.model, config)
    hiding = layers.hide_tokens(classifier.model, classifier.tokenizer, config.token_dropout)
    if fresh and mix and host.is_main_process():
        mixing.keep_start(classifier.model, checkpoints)
    if config.gradient_checkpointing:
        classifier.model.activation_checkpointing_enable()
    on_event(Phase("training"))
    watch = _Watch(config, on_event, stop_requested)
    validation = _shortest_first(_encode(splits.validation, classifier, scale))
    trainer = _Trainer(
        model=classifier.model.train(),
        args=_arguments(config, splits, checkpoints),
        train_dataset=_encode(splits.train, classifier, scale),
        eval_dataset=validation,
        processing_class=classifier.tokenizer,
        data_collator=DataCollatorWithPadding(classifier.tokenizer, pad_to_multiple_of=_LENGTH_STEP),
        compute_loss_func=loss_of(splits, config),
        compute_metrics=lambda prediction: _metrics(prediction, classifier.task, scale, watch),
        optimizers=(_optimiser(classifier, config), None),
        callbacks=[watch, *([EarlyStoppingCallback(config.patience)] if config.patience else [])],
    )
    trainer.remove_callback(PrinterCallback)  # events say all that it would print
    trainer.train(resume_from_checkpoint=resumed)
    if warm and mix:
        trainer.compute_metrics = None  # what it says of the best checkpoint stands
        weights = weights_of(splits.task, splits.task.encode(splits.train["label"].tolist()))
        mixing.choose_share(classifier.model, checkpoints, lambda: _loss_on(trainer, validation, splits.task, weights))
    # Accelerate wraps the forward pass in bfloat16; what is measured must be what is saved.
    trainer.accelerator.unwrap_model(classifier.model, keep_fp32_wrapper=False)
    if config.gradient_checkpointing:
        classifier.model.activation_checkpointing_disable()
    attend(classifier, "sdpa")
    scale.stretch(output_layer(classifier.model))
    classifier.model.eval()
    hiding.remove()
    watch.conclude()
    return classifier


def _loss_on(trainer: Trainer, validation: Dataset, task: Task, weights: ClassWeights | None) -> float:
    answers = trainer.predict(cast("TorchDataset[Any]", validation), metric_key_prefix="mixed")
    return selection_loss(
        task, np.asarray(answers.label_ids), np.asarray(answers.predictions, dtype=np.float32), weights
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
        rows_a_step = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size
        dataset: Any = self.train_dataset
        return LengthGroupedSampler(rows_a_step, lengths=list(dataset["length"]))


def _in_bfloat16(config: TrainingConfig) -> bool:
    return config.mixed_precision and host.has_bfloat16()


def _choose_attention(classifier: Classifier, splits: Splits, config: TrainingConfig) -> None:
    """Take plain matrix products for attention on short texts in bfloat16 on a CPU: there the fused kernel's backward pass
    makes a step of 16 texts of 48 tokens 1.25 times as long. On long texts it is the other way round."""
    sample = splits.train["text"].head(_SAMPLED_TEXTS).tolist()
    lengths = [
        len(ids) for ids in classifier.tokenizer(sample, truncation=True, max_length=classifier.max_length)["input_ids"]
    ]
    if host.device() == "cpu" and _in_bfloat16(config) and np.mean(lengths) <= SHORT_TEXT:
        attend(classifier, "eager")


def attend(classifier: Classifier, how: str) -> None:
    """Set the attention implementation, where the architecture lets one choose."""
    with suppress(ValueError):
        classifier.model.set_attn_implementation(how)


def _optimiser(classifier: Classifier, config: TrainingConfig) -> torch.optim.Optimizer | None:
    """AdamW with a rate for each layer; None, for the library's own, where all layers have the same."""
    if config.layer_decay == 1.0:
        return None
    return torch.optim.AdamW(layers.parameter_groups(classifier.model, config), lr=config.learning_rate)


class _TargetScale:
    """Standardises the targets of a regression for the loss; classification passes through untouched."""

    def __init__(self, mean: float, deviation: float) -> None:
        self.mean, self.deviation = mean, deviation

    @classmethod
    def of(cls, splits: Splits) -> "_TargetScale":
        if splits.task.kind != "regression":
            return cls(0.0, 1.0)
        scores = splits.train["label"].to_numpy(dtype=np.float64)
        return cls(float(scores.mean()), float(scores.std()) or 1.0)

    def apply(self, targets: np.ndarray) -> np.ndarray:
        return (targets - self.mean) / self.deviation if (self.mean, self.deviation) != (0.0, 1.0) else targets

    def undo(self, values: np.ndarray) -> np.ndarray:
        return values * self.deviation + self.mean

    @torch.no_grad()
    def shrink(self, layer: torch.nn.Linear) -> None:
        """Make a layer that gives scores give standardised ones."""
        layer.weight.div_(self.deviation)
        layer.bias.sub_(self.mean).div_(self.deviation)

    @torch.no_grad()
    def stretch(self, layer: torch.nn.Linear) -> None:
        """Make a layer that gives standardised scores give scores, so that the saved model needs no explanation."""
        layer.weight.mul_(self.deviation)
        layer.bias.mul_(self.deviation).add_(self.mean)


def _encode(frame: pd.DataFrame, classifier: Classifier, scale: _TargetScale) -> Dataset:
    targets = scale.apply(classifier.task.encode(frame["label"].tolist()))
    columns = pd.DataFrame({"text": frame["text"].tolist(), "labels": list(targets)})

    def tokenize(batch: dict[str, Any]) -> dict[str, Any]:
        encoded = classifier.tokenizer(batch["text"], truncation=True, max_length=classifier.max_length)
        return {"input_ids": encoded["input_ids"], "length": [len(ids) for ids in encoded["input_ids"]]}

    # A fingerprint of its own keeps the library from hashing the whole model to make one, which takes seconds.
    return Dataset.from_pandas(columns, preserve_index=False).map(
        tokenize, batched=True, remove_columns=["text"], new_fingerprint=uuid.uuid4().hex
    )


def _shortest_first(dataset: Dataset) -> Dataset:
    """Neighbours of like length, so that evaluation pads little."""
    return dataset.select(np.argsort(dataset["length"], kind="stable"), new_fingerprint=uuid.uuid4().hex)


def _arguments(config: TrainingConfig, splits: Splits, checkpoints: Path) -> TrainingArguments:
    steps = config.total_steps(len(splits.train))
    between = max(1, math.ceil(steps / config.validations(len(splits.train))))
    return TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=_share_of_batch(config),
        per_device_eval_batch_size=2 * _share_of_batch(config),
        gradient_accumulation_steps=config.accumulation,
        learning_rate=config.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=config.warmup_share,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_gradient_norm,
        eval_strategy="steps",
        eval_steps=between,
        save_strategy="steps",
        save_steps=between,
        save_total_limit=2,
        load_best_model_at_end=True,
        restore_callback_states_from_checkpoint=config.patience > 0,
        metric_for_best_model=metrics.MAIN_METRIC[splits.task.kind],
        greater_is_better=True,
        logging_steps=max(1, steps // _REPORTED_STEPS),
        logging_nan_inf_filter=False,
        seed=config.seed,
        data_seed=config.seed,
        use_cpu=host.device() == "cpu",
        bf16=_in_bfloat16(config),
        fp16=config.mixed_precision and host.device() == "cuda" and not host.has_bfloat16(),
        ddp_backend="gloo" if host.processes() > 1 and host.device() == "cpu" else None,
        dataloader_pin_memory=host.device() == "cuda",
        disable_tqdm=True,
        report_to="none",
    )


def _share_of_batch(config: TrainingConfig) -> int:
    """Rows of a batch for this process: all of them, or an equal share where several processes train together.

    Raises:
        ConfigError: the batch cannot be shared out.
    """
    processes = host.processes()
    if config.batch_size % processes:
        raise ConfigError(
            f"A batch of {config.batch_size} texts cannot be shared by {processes} processes.",
            "Choose a batch size that their number divides.",
        )
    return config.batch_size // processes


def _metrics(prediction: EvalPrediction, task: Task, scale: _TargetScale, watch: "_Watch") -> dict[str, float]:
    logits = scale.undo(np.asarray(prediction.predictions, dtype=np.float32))
    targets = np.asarray(prediction.label_ids)
    if not np.isfinite(logits).all():
        raise watch.alarm()
    watch.trouble = collapsed(task, targets, logits, watch.config)
    return metrics.summarise(task, scale.undo(targets) if task.kind == "regression" else targets, logits)


class _Watch(TrainerCallback):
    """Turns what the Trainer tells its callbacks into events, a wish to stop into an orderly end, and bad signs into words."""

    def __init__(self, config: TrainingConfig, on_event: OnEvent, stop_requested: StopRequested) -> None:
        self.config = config
        self.trouble: Trouble | None = None
        self._on_event, self._stop_requested = on_event, stop_requested
        self._losses: list[float] = []
        self._start = 0.0
        self._first_step = self._step = 0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._start, self._first_step = time.monotonic(), state.global_step

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._step = state.global_step
        done = self._step - self._first_step
        seconds_a_step = (time.monotonic() - self._start) / done
        self._on_event(
            Progress(state.global_step, state.max_steps, seconds_a_step * (state.max_steps - state.global_step))
        )
        if self._somebody_wants_to_stop():
            control.should_training_stop = True
            # Without a checkpoint there would be nothing to keep.
            control.should_evaluate = control.should_save = state.best_model_checkpoint is None

    def _somebody_wants_to_stop(self) -> bool:
        """Processes that train together must end at the same step, or the others would wait for ever."""
        wanted = self._stop_requested()
        if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
            return wanted
        votes = torch.tensor(float(wanted), device="cuda" if host.device() == "cuda" else "cpu")
        torch.distributed.all_reduce(votes)
        return bool(votes > 0)

    def alarm(self) -> RunError:
        """Say that there are values that are no numbers, and give the error to end with."""
        trouble = not_a_number(self._step, self.config)
        self._on_event(trouble)
        return RunError(trouble.message, trouble.hint)

    def conclude(self) -> None:
        """Say what looks wrong with the training as a whole."""
        trouble = self.trouble or diverging(self._losses, self.config)
        if trouble:
            self._on_event(trouble)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        if logs and "loss" in logs:
            if not math.isfinite(logs["loss"]):
                raise self.alarm()
            self._losses.append(logs["loss"])
            self._on_event(Step(state.global_step, logs["loss"], logs["learning_rate"]))

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        values = {name.removeprefix("eval_"): value for name, value in (metrics or {}).items()}
        speed = {"runtime", "samples_per_second", "steps_per_second", "epoch", "model_preparation_time"}
        self._on_event(
            Validation(state.global_step, {name: value for name, value in values.items() if name not in speed})
        )
