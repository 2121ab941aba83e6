"""The settings of a training: a preset fills them in, and each can be changed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import streamlit as st

from core.data.dataset import Dataset
from core.experiments.launch import preset_for_dataset
from core.models.encoders import BUILT_IN, CATALOG, check_hub_id, check_local_folder, describe_encoder
from core.training.config import RANGES, TrainingConfig
from core.training.presets import Preset
from pages.sections.train.lengths import choose_truncation
from pages.shared.visitor import on_loopback

PRESETS: tuple[Preset, ...] = get_args(Preset)
_DESCRIPTIONS: dict[Preset, str] = {
    "Instant": "Encodes each text once with the frozen encoder and fits a linear model. Takes seconds and is often "
    "surprisingly accurate.",
    "Quick look": "Fine-tunes for half the recommended epochs, at least one, on texts truncated to 128 tokens.",
    "Balanced": "Fine-tunes the whole encoder and keeps the checkpoint with the best validation score.",
    "Thorough": "Fine-tunes twice as long, with dropout and lower learning rates for lower layers. Stops early when the "
    "validation score no longer improves.",
}


@dataclass(frozen=True)
class _Field:
    """A setting of TrainingConfig as a widget; switches have no ``step``."""

    name: str
    title: str
    help: str
    step: float | None = None
    format: str | None = None


_GROUPS: dict[str, Sequence[_Field]] = {
    "Training": (
        _Field("epochs", "Epochs", "How many times the model sees each text. Small datasets need more.", 1.0),
        _Field(
            "learning_rate",
            "Learning rate",
            "About 1e-4 for small encoders, 2e-5 to 5e-5 for large ones.",
            1e-5,
            "%.1e",
        ),
        _Field("batch_size", "Batch size", "Texts per batch. Halve it if memory runs out.", 1),
        _Field(
            "max_length", "Maximum length (tokens)", "Longer texts are truncated. Short texts cost nothing extra.", 32
        ),
        _Field(
            "warmup_ratio", "Warmup ratio", "Share of the steps during which the learning rate rises from zero.", 0.05
        ),
        _Field(
            "patience", "Patience", "Stops after this many validations without improvement. 0 never stops early.", 1
        ),
        _Field("seed", "Seed", "The same data, settings, and seed give the same model.", 1),
    ),
    "Regularization": (
        _Field("dropout", "Dropout", "Share of hidden values set to zero at random. Can help in long trainings.", 0.05),
        _Field(
            "token_mask_rate",
            "Token masking",
            "Share of tokens masked at random. Helps with small datasets and costs no time.",
            0.05,
        ),
        _Field("weight_decay", "Weight decay", "Pulls the weights toward zero a little in each step.", 0.01),
        _Field("label_smoothing", "Label smoothing", "Share of the target probability spread over all labels.", 0.05),
        _Field(
            "class_weight_power",
            "Class weighting",
            "0 counts all rows equally, 1 counts all classes equally. Raises the recall of rare classes.",
            0.25,
        ),
        _Field("max_grad_norm", "Maximum gradient norm", "Larger gradients are scaled down to this norm.", 0.5),
    ),
    "Layers": (
        _Field("frozen_layers", "Frozen layers", "Number of lowest layers not trained. Saves time and memory.", 1),
        _Field(
            "layer_decay",
            "Layer-wise learning rate decay",
            "Learning rate of each layer, as a share of the rate of the layer above.",
            0.05,
        ),
        _Field(
            "freeze_embeddings", "Freeze embeddings", "Keeps the token embeddings fixed. Halves the optimizer's work."
        ),
        _Field(
            "init_fitted_head",
            "Start from a fitted head",
            "Fits a linear model on frozen features first, and starts fine-tuning from it.",
        ),
    ),
    "Memory and speed": (
        _Field(
            "gradient_accumulation_steps",
            "Gradient accumulation steps",
            "Batches per optimizer step. Gives a large effective batch size with little memory.",
            1,
        ),
        _Field("gradient_checkpointing", "Gradient checkpointing", "Needs far less memory and a third more time."),
        _Field(
            "mixed_precision", "Mixed precision", "Uses 16-bit floats on GPUs, and on CPUs with bfloat16 instructions."
        ),
    ),
}
_INSTANT_FIELDS = ("max_length", "seed")


def choose_settings(dataset: Dataset) -> TrainingConfig:
    """The chosen settings.

    Raises:
        ConfigError: a setting is out of range.
        ModelError: there is no such encoder.
    """
    preset = st.segmented_control(
        "Preset", PRESETS, default="Instant", required=True, help="A preset fills in all settings below."
    )
    preset = preset or "Instant"
    st.caption(_DESCRIPTIONS[preset])
    encoder = _choose_encoder()
    defaults = preset_for_dataset(dataset, preset, encoder)
    st.caption(describe_size(encoder, defaults.batch_size))
    key = f"{dataset.id}-{encoder}-{preset}"
    with st.expander("Settings", icon=":material/tune:"):
        if defaults.method == "instant":
            instant_fields = [field for field in _GROUPS["Training"] if field.name in _INSTANT_FIELDS]
            values = _choose_values(instant_fields, defaults, key)
        else:
            values = {}
            for tab, fields in zip(st.tabs(list(_GROUPS)), _GROUPS.values(), strict=True):
                with tab:
                    values |= _choose_values(fields, defaults, key)
    config = replace(defaults, **values)
    return replace(config, truncation=choose_truncation(dataset, config.max_length, key))


def describe_size(name: str, batch_size: int) -> str:
    """The download size and the training memory of an encoder, in a sentence each."""
    encoder = describe_encoder(name)
    memory = encoder.training_memory_gb(batch_size)
    if math.isnan(memory):
        return "The download size and the memory for fine-tuning this encoder are not known."
    download = f"Download: {encoder.download_mb:,.0f} MB." if encoder.download_mb else "No download needed."
    return (
        f"{download} Fine-tuning needs about {memory:.1f} GB of memory (batch size {batch_size}, texts of 128 tokens)."
    )


def _choose_values(fields: Sequence[_Field], defaults: TrainingConfig, key: str) -> dict[str, Any]:
    columns = st.columns(2)
    return {
        field.name: _field_widget(columns[i % 2], field, getattr(defaults, field.name), f"{field.name}-{key}")
        for i, field in enumerate(fields)
    }


def _field_widget(place: "st.delta_generator.DeltaGenerator", field: _Field, value: Any, key: str) -> Any:
    if isinstance(value, bool):
        return place.toggle(field.title, value, key=key, help=field.help)
    low, high = RANGES[field.name]
    number = float if field.name == "epochs" else type(getattr(TrainingConfig, field.name))
    return place.number_input(
        field.title,
        number(low),
        number(high),
        number(value),
        step=number(field.step) if field.step else None,
        format=field.format,
        key=key,
        help=field.help,
    )


def _choose_encoder() -> str:
    """The name of the chosen encoder: the built-in one, one of the catalog, a checkpoint of the Hub, or a local folder."""
    names = [encoder.name for encoder in CATALOG]

    def title(name: str) -> str:
        if name not in names:
            return name
        encoder = describe_encoder(name)
        return f"{encoder.title}: {encoder.parameters:g}M parameters, {encoder.languages}"

    local = " You can also type the path of a folder on this machine." if on_loopback() else ""
    name = st.selectbox(
        "Encoder",
        names,
        format_func=title,
        accept_new_options=True,
        help=f"Type owner/name to use any checkpoint of the Hugging Face Hub.{local}",
    )
    if name and name not in names:
        if on_loopback() and name.startswith(("/", "~", ".")):
            return str(check_local_folder(name))
        check_hub_id(name)
    return name or BUILT_IN
