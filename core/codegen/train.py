"""Code that trains as a run did: a linear model on frozen features, or the Trainer of transformers."""

import math
from dataclasses import asdict
from pathlib import Path

from core.codegen.render import render
from core.errors import ModelError
from core.evaluation.metrics.definitions import MAIN_METRIC
from core.models.encoders import BUILT_IN, BUILT_IN_HUB_ID, CATALOG, locate_encoder
from core.models.files import read_config
from core.task import Task
from core.training.config import TrainingConfig
from core.training.head_fitting import C_VALUES
from core.training.presets import is_few_shot

# The metrics of the code for the instant method differ from the app's by at most this much: the app computes features with
# another engine, which changes the last digits.
INSTANT_TOLERANCE = 0.01
_HEAD_SCALE = 0.25
# Encoders of the catalog that are not of the BERT architecture.
_OTHER_ARCHITECTURES = ("distilbert/", "FacebookAI/", "microsoft/", "answerdotai/")


def train_code(task: Task, config: TrainingConfig, train_rows: int, rows_file: str) -> str:
    """Python that trains on a file of rows (:func:`core.codegen.data.rows_table` as Parquet) and prints the metrics."""
    mean_pooled = _is_bert(config.encoder)
    instant = config.method == "instant"
    few = task.kind == "regression" or is_few_shot(train_rows, task.outputs)
    return render(
        "train.py.j2",
        kind=task.kind,
        one_label=task.one_label,
        outputs=task.outputs,
        labels=list(task.labels),
        config=asdict(config) | {"epochs": float(config.epochs)},
        instant=instant,
        mean_pooled=mean_pooled or instant,
        fitted=instant or (config.init_fitted_head and mean_pooled),
        encoder=BUILT_IN_HUB_ID if config.encoder == BUILT_IN else config.encoder,
        rows_file=rows_file,
        c_values=list(C_VALUES),
        head_scale=1.0 if few else _HEAD_SCALE,
        validation_steps=max(1, math.ceil(config.total_steps(train_rows) / config.validation_count(train_rows))),
        main_metric=MAIN_METRIC[task.kind],
        left_out=_left_out(config, task, mean_pooled),
        tolerance=INSTANT_TOLERANCE,
    )


def _is_bert(encoder: str) -> bool:
    """Whether an encoder is of the BERT architecture, without a download: by its folder, or by the catalog."""
    if encoder == BUILT_IN:
        return True
    if any(entry.name == encoder for entry in CATALOG):
        return not encoder.startswith(_OTHER_ARCHITECTURES)
    try:
        folder = locate_encoder(encoder)
        return read_config(Path(folder), encoder).get("model_type") == "bert"
    except ModelError:
        return False


def _left_out(config: TrainingConfig, task: Task, mean_pooled: bool) -> list[str]:
    """What the run does and the code does not."""
    parts = []
    if config.init_fitted_head and mean_pooled:
        parts.append("the interpolation between start and end")
    if task.kind != "regression":
        parts.append("the calibration of the probabilities")
    if config.truncation == "head_tail":
        parts.append("reading the end of long texts")
    if config.gradient_checkpointing:
        parts.append("gradient checkpointing")
    if not mean_pooled:
        settings = {"frozen layers": config.frozen_layers, "token masking": config.token_mask_rate}
        parts += [name for name, value in settings.items() if value]
        parts += ["learning rates that differ by layer"] if config.layer_decay != 1 else []
    return [*parts, "computing in bfloat16 or float16"]
