"""A config in the words of the ``Trainer``."""

import math
from pathlib import Path

from transformers import TrainingArguments

from core import host
from core.errors import ConfigError
from core.evaluation.metrics.summary import MAIN_METRIC
from core.task import Task
from core.training.config import TrainingConfig

_REPORTED_STEPS = 500


def arguments(config: TrainingConfig, task: Task, train_rows: int, checkpoints: Path) -> TrainingArguments:
    """The library's arguments for a training on so many rows that keeps its checkpoints in a folder.

    Raises:
        ConfigError: the batch cannot be shared by the processes that train together.
    """
    steps = config.total_steps(train_rows)
    between = max(1, math.ceil(steps / config.validation_count(train_rows)))
    return TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=config.epochs,
        per_device_train_batch_size=_share_of_batch(config),
        per_device_eval_batch_size=2 * _share_of_batch(config),
        gradient_accumulation_steps=config.gradient_accumulation_steps,
        learning_rate=config.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=config.warmup_ratio,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        eval_strategy="steps",
        eval_steps=between,
        save_strategy="steps",
        save_steps=between,
        save_total_limit=2,
        load_best_model_at_end=True,
        restore_callback_states_from_checkpoint=config.patience > 0,
        metric_for_best_model=MAIN_METRIC[task.kind],
        greater_is_better=True,
        logging_steps=max(1, steps // _REPORTED_STEPS),
        logging_nan_inf_filter=False,
        seed=config.seed,
        data_seed=config.seed,
        use_cpu=host.device() == "cpu",
        bf16=in_bfloat16(config),
        fp16=config.mixed_precision and host.device() == "cuda" and not host.has_bfloat16(),
        ddp_backend="gloo" if host.processes() > 1 and host.device() == "cpu" else None,
        dataloader_pin_memory=host.device() == "cuda",
        disable_tqdm=True,
        report_to="none",
    )


def _share_of_batch(config: TrainingConfig) -> int:
    """Rows of a batch for this process: all of them, or an equal share where several processes train together."""
    processes = host.processes()
    if config.batch_size % processes:
        raise ConfigError(
            f"A batch of {config.batch_size} texts cannot be shared by {processes} processes.",
            "Choose a batch size that their number divides.",
        )
    return config.batch_size // processes


def in_bfloat16(config: TrainingConfig) -> bool:
    """Whether products are made in bfloat16 under this config on this host."""
    return config.mixed_precision and host.has_bfloat16()
