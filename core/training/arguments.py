"""The ``TrainingArguments`` of transformers for a training config."""

import math
from pathlib import Path

from transformers import TrainingArguments

from core import host
from core.errors import ConfigError
from core.evaluation.decisions.selection import SELECTION_LOSS
from core.training.config import TrainingConfig

_REPORTED_STEPS = 500


def training_arguments(config: TrainingConfig, train_rows: int, checkpoints: Path) -> TrainingArguments:
    """The arguments for a training on a number of rows, with checkpoints in a folder.

    Raises:
        ConfigError: the batch size is not divisible by the number of processes.
    """
    steps = config.total_steps(train_rows)
    validation_steps = max(1, math.ceil(steps / config.validation_count(train_rows)))
    batch_size = _batch_size_per_process(config)
    return TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=batch_size,
        per_device_eval_batch_size=2 * batch_size,
        gradient_accumulation_steps=config.gradient_accumulation_steps,
        learning_rate=config.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=config.warmup_ratio,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        eval_strategy="steps",
        eval_steps=validation_steps,
        save_strategy="steps",
        save_steps=validation_steps,
        save_total_limit=2,
        load_best_model_at_end=True,
        restore_callback_states_from_checkpoint=config.patience > 0,
        metric_for_best_model=SELECTION_LOSS,
        greater_is_better=False,
        logging_steps=max(1, steps // _REPORTED_STEPS),
        logging_nan_inf_filter=False,
        seed=config.seed,
        data_seed=config.seed,
        use_cpu=host.device() == "cpu",
        bf16=uses_bfloat16(config),
        fp16=config.mixed_precision and host.device() == "cuda" and not host.has_bfloat16(),
        ddp_backend="gloo" if host.processes() > 1 and host.device() == "cpu" else None,
        dataloader_pin_memory=host.device() == "cuda",
        disable_tqdm=True,
        report_to="none",
    )


def _batch_size_per_process(config: TrainingConfig) -> int:
    processes = host.processes()
    if config.batch_size % processes:
        raise ConfigError(
            f"Expected a batch size divisible by the {processes} processes, found {config.batch_size}.",
            f"Choose a multiple of {processes}.",
        )
    return config.batch_size // processes


def uses_bfloat16(config: TrainingConfig) -> bool:
    """Whether this host computes in bfloat16 with this config."""
    return config.mixed_precision and host.has_bfloat16()
